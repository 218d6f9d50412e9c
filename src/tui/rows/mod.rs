//! What lists are made of: a thread, a call, a message, each as one row with the columns that its width has room for.
//! Screens that show the same things share them.

pub mod call;
pub mod message;
pub mod thread;
