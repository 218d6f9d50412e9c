//! Counts what the monitor says of traces.

use zen::event::Concern;
use zen::insight::monitor::{Monitor, Reflection, Step};
use zen::insight::thresholds::Thresholds;

use super::traces::Trace;

/// Of how many traces something was said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub traces: usize,
    /// Anything of the kind at any step.
    pub looped: usize,
    pub drifted: usize,
    pub thinned: usize,
    /// At the step where it begins, or after it.
    pub loop_caught: usize,
    /// Those that also name the step that is repeated.
    pub loop_named: usize,
    pub drift_caught: usize,
    pub thinning_caught: usize,
}

pub fn count(traces: &[Trace], thresholds: Thresholds) -> Counts {
    let mut counts = Counts { traces: traces.len(), ..Counts::default() };
    for trace in traces {
        let reflections = watched(trace, thresholds);
        let verdicts: Vec<_> = reflections.iter().filter_map(|reflection| reflection.verdict.as_ref()).collect();
        let late = |step: u32| step as usize >= trace.from;
        let any = |is: &dyn Fn(Concern) -> bool| verdicts.iter().any(|verdict| is(verdict.kind));
        let caught =
            |is: &dyn Fn(Concern) -> bool| verdicts.iter().any(|verdict| is(verdict.kind) && late(verdict.step));
        counts.looped += usize::from(any(&Concern::is_loop));
        counts.drifted += usize::from(any(&|kind| kind == Concern::Drift));
        counts.thinned += usize::from(any(&|kind| kind == Concern::Thinning));
        counts.loop_caught += usize::from(caught(&Concern::is_loop));
        counts.drift_caught += usize::from(caught(&|kind| kind == Concern::Drift));
        counts.thinning_caught += usize::from(caught(&|kind| kind == Concern::Thinning));
        let named = verdicts.iter().any(|verdict| {
            late(verdict.step) && verdict.steps.iter().any(|step| Some(*step as usize) == trace.repeats)
        });
        counts.loop_named += usize::from(named);
    }
    counts
}

pub fn watched(trace: &Trace, thresholds: Thresholds) -> Vec<Reflection> {
    let mut monitor = Monitor::new(trace.question, thresholds);
    trace.steps.iter().map(|text| monitor.take(Step { text, ..Step::default() })).collect()
}
