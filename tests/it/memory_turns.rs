//! What a long thread sends: a file once in every prompt, prompts that grow by what was added, and a cut that is on record
//! turn by turn when it comes.

use serde_json::json;
use zen::budget::{Part, Verdict};
use zen::control::Control as _;
use zen::control::types::TurnDetail;
use zen::rehearsal::{Recorded, Rehearsal, Scene};

use crate::support::place::Place;
use crate::support::process::Zen;
use crate::support::{assert_in_order, chat_with, on, shown, times};

const TURNS: usize = 17;
const MARK: &str = "the line that stands once in the file";

/// A model with a window of 200,000 tokens.
fn place(rehearsal: &Rehearsal) -> Place {
    Place::new().env("OPENAI_API_KEY", "sk-test-0123456789").set("providers.openai.base_url", rehearsal.base_url())
}

/// 50 KB of lines.
fn file(place: &Place) -> String {
    let lines: String =
        (0..).map(|number| format!("line {number} of a file that is rather long\n")).take(1_150).collect();
    place.file("long.txt", &format!("{MARK}\n{lines}"))
}

/// Seventeen turns on one thread, the first of which names the file, and every fifth again.
async fn seventeen(zen: &mut Zen, file: &str) -> String {
    let mut thread: Option<String> = None;
    for turn in 1..=TURNS {
        let files: &[&str] = if turn % 5 == 1 { &[file] } else { &[] };
        let mut arguments = chat_with(&format!("question {turn} asked"), files);
        arguments["model"] = json!("o3");
        if let Some(thread) = &thread {
            arguments = on(thread, arguments);
        }
        let reply = zen.call("chat", arguments).await;
        assert!(!reply.is_error, "{reply:?}");
        thread = Some(reply.continuation_id());
    }
    thread.unwrap()
}

fn answer(chars: usize) -> Scene {
    Scene::by(move |request: &Recorded| {
        let turn = request.number + 1;
        Scene::reply(format!("answer to {turn}: {}", "so it is said ".repeat(chars / 14))).in_pieces(1)
    })
}

#[tokio::test]
async fn over_seventeen_turns_a_file_stands_once_in_each_prompt_and_prompts_grow_by_what_was_said() {
    let rehearsal = Rehearsal::start(answer(2_000)).unwrap();
    let place = place(&rehearsal);
    let file = file(&place);
    let mut zen = place.connected().await;
    seventeen(&mut zen, &file).await;
    let prompts: Vec<String> = rehearsal.requests().iter().map(shown).collect();
    assert_eq!(prompts.len(), TURNS);
    for (index, prompt) in prompts.iter().enumerate() {
        assert_eq!(times(prompt, MARK), 1, "prompt {}", index + 1);
        let questions: Vec<String> = (1..=index + 1).map(|turn| format!("question {turn} asked")).collect();
        assert_in_order(prompt, &questions.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(questions.iter().all(|question| times(prompt, question) == 1), "each turn once");
    }
    let grown: Vec<usize> = prompts.windows(2).map(|pair| pair[1].len() - pair[0].len()).collect();
    let (least, most) = (grown.iter().min().unwrap(), grown.iter().max().unwrap());
    assert!(most - least <= 100, "each turn adds what it is: {grown:?}");
}

#[tokio::test]
async fn when_the_window_is_full_the_oldest_turns_give_way_and_every_turn_keeps_the_record() {
    let rehearsal = Rehearsal::start(answer(50_000)).unwrap();
    let place = place(&rehearsal);
    let file = file(&place);
    let mut zen = place.connected().await;
    let client = place.control().await;
    let thread = seventeen(&mut zen, &file).await;
    let detail = client.thread(thread.parse().unwrap()).await.unwrap();
    let mut cut_from = None;
    for (index, (turn, request)) in detail.turns.iter().zip(rehearsal.requests()).enumerate() {
        let prompt = shown(&request);
        assert_eq!(times(&prompt, MARK), 1, "the file is still there once in prompt {}", index + 1);
        let fates = fates(turn);
        assert_eq!(fates.len(), index, "each earlier turn has its one decision");
        assert!(fates.is_sorted_by_key(|(number, _)| std::cmp::Reverse(*number)), "newest first");
        for (number, verdict) in fates {
            let question = format!("question {number} asked");
            let answer = format!("answer to {number}: ");
            let (asked, answered) = (times(&prompt, &question), prompt.contains(&format!("<assistant> {answer}")));
            match verdict {
                Verdict::Kept => assert_eq!((asked, answered), (1, true), "turn {number} in prompt {}", index + 1),
                Verdict::Summarised => {
                    assert_eq!((asked, answered), (1, false), "turn {number} in prompt {}", index + 1)
                }
                Verdict::LeftOut => assert_eq!((asked, answered), (0, false)),
                Verdict::Cut => panic!("turns are not cut"),
            }
            if verdict != Verdict::Kept {
                cut_from = cut_from.or(Some(index + 1));
            }
        }
        let consultation = &turn.consultations[0];
        assert!(consultation.estimated_input <= consultation.window, "{}", consultation.estimated_input);
    }
    let cut_from = cut_from.expect("seventeen long answers do not fit");
    assert!(cut_from > 5, "not before there is need: {cut_from}");
}

/// What was decided on each earlier turn, in the order of the decisions.
fn fates(turn: &TurnDetail) -> Vec<(usize, Verdict)> {
    let decisions = turn.consultations[0].decisions.iter().filter(|decision| decision.part == Part::History);
    decisions
        .map(|decision| (decision.subject.trim_start_matches("turn ").parse().unwrap(), decision.verdict))
        .collect()
}

#[tokio::test]
async fn a_file_that_changed_is_marked_with_the_turn_that_saw_it_before_and_what_changed() {
    let rehearsal = Rehearsal::start(Scene::reply("seen")).unwrap();
    let place = Place::with(&rehearsal);
    let lines = |third: &str| format!("one\ntwo\n{third}\n{}", "and so on\n".repeat(40));
    let file = place.file("notes.txt", &lines("three"));
    let mut zen = place.connected().await;
    let id = zen.call("chat", chat_with("Look", &[&file])).await.continuation_id();
    zen.chat_on(&id, "Again").await;
    place.file("notes.txt", &lines("drei"));
    zen.chat_on(&id, "And now?").await;
    zen.chat_on(&id, "Still?").await;
    let prompts: Vec<String> = rehearsal.requests().iter().map(shown).collect();
    assert!(!prompts[0].contains("changed since") && !prompts[1].contains("changed since"));
    for prompt in &prompts[2..] {
        assert_eq!(times(prompt, &format!("{file} (changed since turn 2) ---\n   1│ one")), 1, "{prompt}");
        assert_eq!(times(prompt, "@@ line 3\n- three\n+ drei\n--- END CHANGES"), 1, "{prompt}");
    }
    assert_eq!(times(&prompts[3], "; with "), 2, "named where it came and where it changed: {}", prompts[3]);
}

#[tokio::test]
async fn a_reply_tells_in_few_lines_what_had_no_room() {
    let rehearsal = Rehearsal::start(Scene::reply("ok")).unwrap();
    let place = Place::with(&rehearsal);
    let large = place.file("large.txt", &"a line of a file that is far too large\n".repeat(20_000));
    let mut zen = place.connected().await;
    let reply = zen.call("chat", chat_with("Read it", &[&large])).await;
    let left_out = reply.metadata("left_out");
    let [line] = left_out.as_array().unwrap().as_slice() else { panic!("{left_out}") };
    let line = line.as_str().unwrap();
    assert!(line.starts_with(&format!("{large}, lines 1 to ")) && line.contains("of 20000 (~"), "{line}");
    let prompt = shown(&rehearsal.requests().remove(0));
    assert!(prompt.contains("(cut after line "), "the model is told too");
}
