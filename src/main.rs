//! The `zen` binary.

fn main() {}
