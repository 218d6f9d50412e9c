//! One file a screen or overlay. Each draws its part of the model into an area; none knows another.

pub mod activity;
pub mod budget;
pub mod compose;
pub mod form;
pub mod help;
pub mod log;
pub mod message;
pub mod models;
pub mod notice;
pub mod overview;
pub mod palette;
pub mod prompt;
pub mod question;
pub mod sheet;
pub mod switches;
pub mod threads;
pub mod turns;
pub mod waiting;
