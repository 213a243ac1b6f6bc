//! Tests of the session with a fake clock and literal frames, one behaviour per file.

#![allow(clippy::unwrap_used, clippy::panic)]

mod rig;
mod rotation_rig;

mod closes;
mod extreme_config_values;
mod fatal_failures;
mod handover_property;
mod heartbeat;
mod login;
mod paces_requests;
mod postpones_replay;
mod postpones_requests;
mod property;
mod reconnects;
mod redacts;
mod retries_rotation;
mod rotates;
mod rotates_in_sync;
mod rotates_with_short_pings;
mod subscribes;
mod unreadable_frames;
