//! The promises of the monitor, over whole threads.

use proptest::prelude::*;

use super::doubt::Doubt;
use super::monitor::{MAX_READ, Monitor, Reflection, Step};
use super::thresholds::Thresholds;
use super::verdict::{Measure, Verdict};
use crate::event::Concern;

const QUESTION: &str = "Why does the sign-in page time out on Monday mornings?";

/// An investigation in which each step brings something.
const STEPS: [&str; 8] = [
    "Between eight and nine on Mondays the sign-in form answers in twelve seconds. On other weekdays the same hour is quiet.",
    "A thread dump shows that most worker threads wait inside the password check, which uses a deliberately slow hash.",
    "The hash runs in a pool of four threads at 700 milliseconds each, so fewer than six sign-ins a second get through.",
    "Sessions expire over the weekend, and on Monday nine sign-ins a second arrive; the queue before the pool grows.",
    "Sixteen threads would match the cores of the machine and give twenty-two verifications a second, more than arrive.",
    "The cost factor thirteen was chosen on a laptop; the guideline for sign-in hashing is met by twelve, half the work.",
    "An attacker could fill the pool of password checks on purpose: a rate limit by account has to stand before it.",
    "So: factor twelve, sixteen threads, a rate limit for sign-ins, and a look at the queue on the next two Mondays.",
];

fn watched(steps: &[&str]) -> Vec<Reflection> {
    let mut monitor = Monitor::new(QUESTION, Thresholds::default());
    steps.iter().map(|text| monitor.take(Step { text, ..Step::default() })).collect()
}

fn verdicts(steps: &[&str]) -> Vec<(Concern, u32)> {
    watched(steps).into_iter().filter_map(|reflection| reflection.verdict).map(|v| (v.kind, v.step)).collect()
}

#[test]
fn an_investigation_that_goes_on_is_left_alone() {
    assert_eq!(verdicts(&STEPS), []);
}

#[test]
fn a_repeated_step_is_named_with_its_evidence_as_a_question() {
    let again = "A thread dump shows that the worker threads wait inside the password check, which uses a slow hash.";
    let steps = [STEPS[0], STEPS[1], STEPS[2], STEPS[3], STEPS[4], again];
    let verdict = watched(&steps).pop().unwrap().verdict.unwrap();
    assert_eq!((verdict.kind, verdict.step, verdict.steps.as_slice()), (Concern::Repeat, 6, &[2][..]));
    let reading = verdict.readings.iter().find(|reading| reading.measure == Measure::RepeatedPhrases).unwrap();
    assert!(reading.value >= reading.threshold && reading.value <= 1.0);
    assert!(again.contains(&verdict.words[0]), "{:?}", verdict.words);
    let asked = verdict.to_string();
    assert!(asked.starts_with("Step 6 shares ") && asked.contains("with step 2") && asked.ends_with('?'), "{asked}");
}

/// The verdict on the last step, where only as much repeats as reaches this threshold, and a judge is there.
fn judged(repeat: f64, last: &str) -> Option<Verdict> {
    let thresholds =
        Thresholds { judged: true, repeat: 1.0, repeat_most: repeat, repeat_known: repeat, ..Thresholds::default() };
    let mut monitor = Monitor::new(QUESTION, thresholds);
    let steps = STEPS[..5].iter().chain([&last]);
    steps.map(|text| monitor.take(Step { text, ..Step::default() })).last().unwrap().verdict
}

#[test]
fn what_lies_near_its_threshold_is_in_doubt_on_either_side_and_nowhere_else() {
    let again = "A thread dump shows that the worker threads wait inside the password check, which uses a slow hash.";
    let share = judged(0.1, again).unwrap().value(Measure::RepeatedPhrases);
    let doubt =
        |factor: f64| judged(share * factor, again).map(|verdict| (verdict.kind, verdict.doubt, verdict.is_asked()));
    assert_eq!(doubt(0.85), Some((Concern::Repeat, None, true)));
    assert_eq!(doubt(0.97), Some((Concern::Repeat, Some(Doubt::Barely), true)));
    assert_eq!(doubt(1.03), Some((Concern::Repeat, Some(Doubt::Nearly), false)));
    assert_eq!(doubt(1.25), None);

    // It is said again, with as much that is new beside it: the two signs do not agree.
    let more = format!(
        "{again} The queue of mails, the index of pictures, a certificate, two printers, seven cables, an \
        abandoned branch, the guest network, and a forgotten cron job on another host altogether were looked through."
    );
    let both = judged(0.2, &more).unwrap();
    assert_eq!((both.kind, both.doubt), (Concern::Repeat, Some(Doubt::Nearly)), "{both:?}");
    assert!(both.value(Measure::NewWords) > 0.6 && both.value(Measure::RepeatedPhrases) > 0.2, "{both:?}");
    let plain = Thresholds { repeat_most: 0.2, repeat_known: 0.2, ..Thresholds::default() };
    let mut monitor = Monitor::new(QUESTION, plain);
    let last =
        STEPS[..5].iter().copied().chain([&*more]).map(|text| monitor.take(Step { text, ..Step::default() })).last();
    assert!(last.unwrap().verdict.is_none(), "without a judge nothing is said of it");
}

#[test]
fn a_doubt_is_raised_once_in_a_while_and_what_a_judge_confirms_counts_as_said() {
    let most = 1.0 / 0.95;
    let alone = Thresholds { stall: 0.0, drift: 0.0, drift_cohesion: 0.0, thinning: 100.0, ..Thresholds::default() };
    let nearly = Thresholds { judged: true, repeat: 2.0, repeat_most: most, repeat_known: most, ..alone };
    for confirmed in [false, true] {
        let mut monitor = Monitor::new(QUESTION, nearly);
        for text in STEPS {
            monitor.take(Step { text, ..Step::default() });
        }
        let mut raised = Vec::new();
        for number in 1..=8 {
            let Some(verdict) = monitor.take(Step { text: STEPS[1], ..Step::default() }).verdict else { continue };
            assert_eq!((verdict.kind, verdict.doubt), (Concern::Repeat, Some(Doubt::Nearly)));
            raised.push((number, verdict.before));
            if confirmed {
                monitor.confirm(verdict.kind);
            }
        }
        let before = |times| if confirmed { times } else { 0 };
        assert_eq!(raised, [(1, 0), (4, before(1)), (7, before(2))], "{confirmed}");
    }
}

#[test]
fn an_exact_repetition_is_seen_in_any_script() {
    for steps in [
        ["缓存失效的时候，两个线程同时更新同一条记录。", "网络延迟在下午两点之后明显升高，丢包率达到百分之三。"],
        [
            "Yhteys katkeaa aina kun palvelin käynnistyy uudelleen yöllä huollon aikana.",
            "Lokitiedosto täyttyy nopeasti, koska virheilmoitus toistuu joka sekunti.",
        ],
        [
            "يتوقف الخادم كل ليلة عند منتصف النسخ الاحتياطي بسبب امتلاء القرص الصلب.",
            "تظهر القياسات أن الشبكة بطيئة في الصباح عندما يبدأ جميع الموظفين العمل.",
        ],
        [
            "fn flush(&mut self) { self.buffer.drain(..); self.written += count; self.notify_waiters(); }",
            "let listener = TcpListener::bind(address); accept_loop(listener, drain, shutdown)",
        ],
    ] {
        let said = verdicts(&[steps[0], steps[1], steps[0]]);
        assert_eq!(said, [(Concern::Repeat, 3)], "{}", steps[0]);
    }
}

#[test]
fn the_words_of_a_form_that_all_steps_share_are_no_loop() {
    let form = |text: &str| {
        format!(
            "Summary: this is what the step found out.\nEvidence: observed directly.\n{text}\nNext actions: go on with the plan."
        )
    };
    let steps: Vec<String> = STEPS.iter().map(|text| form(text)).collect();
    assert_eq!(verdicts(&steps.iter().map(String::as_str).collect::<Vec<_>>()), []);
}

/// The paragraphs of a text on this question, and of one on bread.
fn on_topic_and_away() -> (Vec<&'static str>, Vec<&'static str>) {
    let paragraphs = |text: &'static str| text.lines().skip(1).collect();
    (
        paragraphs(include_str!("../../benches/insight/texts/en-login.txt")),
        paragraphs(include_str!("../../benches/insight/texts/en-bread.txt")),
    )
}

#[test]
fn another_topic_is_asked_about_once_it_stays() {
    let (on, away) = on_topic_and_away();
    let one_aside = [on[0], on[1], on[2], away[0], on[3], on[4]];
    assert_eq!(verdicts(&one_aside), []);
    let gone = [on[0], on[1], on[2], on[3], away[0], away[1], away[2]];
    let verdict = watched(&gone).pop().unwrap().verdict.unwrap();
    assert_eq!((verdict.kind, verdict.steps.as_slice()), (Concern::Drift, &[5][..]));
    assert!(verdict.words.iter().all(|word| away[2].contains(word)), "{:?}", verdict.words);
    assert!(verdict.to_string().starts_with("Since step 5 it is about something else (\""), "{verdict}");
}

#[test]
fn what_was_agreed_on_since_is_no_drift() {
    let (on, away) = on_topic_and_away();
    let mut monitor = Monitor::new(QUESTION, Thresholds::default());
    for text in &on[..4] {
        monitor.take(Step { text, ..Step::default() });
    }
    monitor
        .agree("Now the bread: why is the crumb of the loaf tight and gummy, the dough underfermented, the oven cold?");
    for text in &away[..3] {
        assert_eq!(monitor.take(Step { text, ..Step::default() }).verdict, None);
    }
}

#[test]
fn steps_that_say_less_and_less_are_asked_about_and_one_short_step_is_not() {
    let short = |text: &'static str, words: usize| text.split_inclusive(' ').take(words).collect::<String>();
    let mut steps: Vec<String> = STEPS[..3].iter().map(|text| (*text).to_owned()).collect();
    steps.push(short(STEPS[3], 4));
    steps.push(STEPS[4].to_owned());
    assert!(verdicts(&steps.iter().map(String::as_str).collect::<Vec<_>>()).is_empty());
    steps[4] = short(STEPS[4], 5);
    steps.extend([short(STEPS[5], 3), short(STEPS[6], 2)]);
    let said = verdicts(&steps.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(said.first().map(|(kind, _)| *kind), Some(Concern::Thinning));
}

#[test]
fn an_answer_that_stands_while_nothing_new_comes_is_final_and_one_that_goes_back_is_questioned() {
    let mut monitor = Monitor::new(QUESTION, Thresholds::default());
    let mut take = |text, answer| {
        monitor.take(Step { text, answer: Some(answer), ..Step::default() }).verdict.map(|verdict| verdict.kind)
    };
    assert_eq!(take(STEPS[1], "The pool of hash threads is too small."), None);
    assert_eq!(take(STEPS[2], "The pool of hash threads is too small"), None, "much was new");
    let again = "Worker threads wait inside the password check, and the pool of four threads runs the slow hash.";
    assert_eq!(take(again, "the pool of hash threads is too small!"), Some(Concern::Settled));

    let mut monitor = Monitor::new(QUESTION, Thresholds::default());
    let mut take = |text, answer| {
        monitor.take(Step { text, answer: Some(answer), ..Step::default() }).verdict.map(|verdict| verdict.kind)
    };
    assert_eq!(take(STEPS[0], "It is the pool."), None);
    assert_eq!(take(STEPS[1], "It is not the pool."), None);
    assert_eq!(take(STEPS[2], "It is the pool."), Some(Concern::Wavering));
}

#[test]
fn who_goes_on_is_asked_again_later_and_offered_the_end() {
    let steps: Vec<&str> = STEPS[..3].iter().copied().chain(std::iter::repeat_n(STEPS[1], 7)).collect();
    let said: Vec<_> = watched(&steps).into_iter().filter_map(|reflection| reflection.verdict).collect();
    let at: Vec<u32> =
        said.iter().filter(|verdict| verdict.kind == Concern::Repeat).map(|verdict| verdict.step).collect();
    assert_eq!(at, [4, 7, 10]);
    assert!(said.last().unwrap().to_string().contains("ask the user"));
}

#[test]
fn two_threads_do_not_mix() {
    let alone = watched(&STEPS);
    let mut first = Monitor::new(QUESTION, Thresholds::default());
    let mut second = Monitor::new("", Thresholds::default());
    for (text, expected) in STEPS.iter().zip(alone) {
        second.take(Step { text: STEPS[0], ..Step::default() });
        assert_eq!(first.take(Step { text, ..Step::default() }), expected);
    }
}

#[test]
fn a_step_of_a_megabyte_is_read_as_far_as_its_bound() {
    let long: String = (0..).map(|number| format!("word{number} ")).take(120_000).collect();
    assert!(long.len() > 1 << 20);
    let both = watched(&[&long, STEPS[0], &long]);
    assert_eq!(both.last().unwrap().verdict.as_ref().map(|verdict| verdict.kind), Some(Concern::Repeat));
    let mut other_end = long[..MAX_READ].to_owned();
    other_end.push_str(&"and now for something else ".repeat(10_000));
    assert_eq!(watched(&[&long, STEPS[0], &other_end]), both);
}

/// Text of any kind, with what is easily got wrong.
fn any_step() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("\u{301}\u{301}".to_owned()),
        Just("مرحبا بالعالم שָׁלוֹם עולם".to_owned()),
        Just("👩‍🚀🏳️‍🌈 e\u{301}\u{200d} ﷽ İIıi ß ΣΑΣ".to_owned()),
        "[a-z]{1,12}",
        "\\PC{0,80}",
        "(word |字|\\.|\n|a_b|cD|7){0,200}",
        any::<Vec<char>>().prop_map(|characters| characters.into_iter().collect()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_that_can_be_written_makes_it_fail(
        question in any_step(),
        steps in prop::collection::vec((any_step(), prop::option::of(any_step())), 0..20),
    ) {
        let mut monitor = Monitor::new(&question, Thresholds::default());
        for (text, answer) in &steps {
            let reflection = monitor.take(Step { text, answer: answer.as_deref(), ..Step::default() });
            let shares = [reflection.nearest.map(|(_, share)| share), reflection.novelty, reflection.relevance];
            for share in shares.into_iter().flatten() {
                prop_assert!((-0.001..=1.001).contains(&share), "{share}");
            }
            if let Some(verdict) = reflection.verdict {
                prop_assert!(verdict.to_string().len() < 400, "{verdict}");
            }
        }
    }
}
