//! Tests of the session with a fake clock and literal frames, one behaviour per file.

#![allow(clippy::unwrap_used, clippy::panic)]

mod rig;
mod rotation_rig;

mod absurd_numbers;
mod closes;
mod gives_up;
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
