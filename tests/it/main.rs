//! Integration tests: real processes, real pipes, a real listener.

mod architecture;
