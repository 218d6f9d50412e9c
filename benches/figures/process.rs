//! What the kernel says of a process: its memory and the processor time it has had.

use std::fs;
use std::time::Duration;

use crate::Outcome;

/// Resident memory, in MB of 1,000,000 bytes.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    pub resident: f64,
    /// Pages shared with other processes count by their share.
    pub proportional: f64,
    /// What would be free if the process ended.
    pub private: f64,
}

impl Memory {
    pub fn of(pid: u32) -> Outcome<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
        let megabytes = |key: &str| -> f64 {
            let line = text.lines().find_map(|line| line.strip_prefix(key));
            let kib = line.and_then(|line| line.split_whitespace().next()).and_then(|kib| kib.parse::<f64>().ok());
            kib.unwrap_or(f64::NAN) * 1_024.0 / 1e6
        };
        Ok(Self {
            resident: megabytes("Rss:"),
            proportional: megabytes("Pss:"),
            private: megabytes("Private_Clean:") + megabytes("Private_Dirty:"),
        })
    }
}

/// Processor time that all threads of the process, as they are now, have had.
pub fn processor_time(pid: u32) -> Outcome<Duration> {
    let mut nanoseconds = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = fs::read_to_string(task?.path().join("schedstat"))?;
        nanoseconds += text.split_whitespace().next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}
