//! The one decode place of the SDK: only this module names a JSON parser.
