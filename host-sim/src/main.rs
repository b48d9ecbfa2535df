//! The `flashlet` command line.
fn main() {}
