//! Integration tests: real processes, real pipes, a real listener.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic, and so may what it is made of")]

mod architecture;
mod artifact;
mod calling;
mod canary;
mod chat;
mod clink;
mod consensus;
mod control;
mod corpus;
mod defects;
mod ending;
mod files;
mod flight;
mod http;
mod insight;
mod interceptors;
mod judge;
mod life;
mod live;
mod logs;
mod matrix;
mod memory;
mod memory_interleaving;
mod memory_turns;
mod newcomer;
mod providers;
mod recording;
mod rmcp;
mod shell;
mod stdio;
mod support;
mod surface;
mod switching;
mod tape;
mod thinking;
mod threads;
mod threats;
mod tokens;
mod tui;
mod usage;
mod watching;
mod workflow;
