//! How often the monitor is right, on the traces of `benches/insight.rs`: a change that costs it much is seen here.

#[path = "../../benches/insight/corpus.rs"]
mod corpus;
#[path = "../../benches/insight/count.rs"]
mod count;
#[path = "../../benches/insight/traces.rs"]
mod traces;

use corpus::Half;
use traces::Class;
use zen::insight::thresholds::Thresholds;

#[test]
fn the_monitor_is_right_as_often_as_it_was() {
    assert_eq!(Class::ALL.len(), 7);
    let of = |class| count::count(&traces::traces(class, Half::Report, 56, 1), Thresholds::default());
    let calm = of(Class::Progressing);
    assert!(calm.looped <= 2 && calm.drifted <= 12 && calm.thinned <= 2, "{calm:?}");
    let in_form = of(Class::InTemplate);
    assert!(in_form.looped <= 6 && in_form.drifted <= 3, "{in_form:?}");
    let edited = of(Class::LightEdits);
    assert!(edited.loop_caught >= 53 && edited.loop_named >= 53, "{edited:?}");
    let switched = of(Class::TopicSwitch);
    assert!(switched.drift_caught >= 50, "{switched:?}");
    let thinning = of(Class::Thinning);
    assert!(thinning.thinning_caught >= 50, "{thinning:?}");
}
