//! Tools for thinking aloud under the monitor's eye. Thoughts and verdicts stand in the thread's turns; the tools do not
//! know each other.

pub mod biased_reasoning;
pub mod illumination_status;
pub mod sequential_thinking;
pub mod thoughts;
pub mod traced_reasoning;
