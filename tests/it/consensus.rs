//! `consensus` through real processes: one model a call or all at once, blind to each other, and never mixed.

use serde_json::{Value, json};
use zen::rehearsal::{Recorded, Rehearsal, Scene};

use crate::support::place::Place;
use crate::support::process::ToolReply;
use crate::support::{on, shown, soon};

/// Each model answers with its own name; `broken` does not answer.
fn panel() -> Rehearsal {
    let answer = |request: &Recorded| match request.model.as_str() {
        "broken" => Scene::status(400),
        model => Scene::reply(format!("verdict of {model}")),
    };
    Rehearsal::start(Scene::by(answer)).unwrap()
}

fn step(number: u32, said: &str, findings: &str) -> Value {
    json!({ "step": said, "step_number": number, "total_steps": 9, "next_step_required": true, "findings": findings })
}

fn opening(proposal: &str, models: Value) -> Value {
    let mut step = step(1, proposal, "my own view");
    step["models"] = models;
    step
}

fn three() -> Value {
    json!([
        { "model": "m-for", "stance": "for" },
        { "model": "m-against", "stance": "against" },
        { "model": "m-own", "stance_prompt": "Judge as a lawyer." },
    ])
}

fn thread(reply: &ToolReply) -> String {
    reply.json()["continuation_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn three_models_with_stances_are_asked_one_a_call_and_blind() {
    let rehearsal = panel();
    let place = Place::with(&rehearsal);
    let file = place.file("plan.md", "the plan in full");
    let mut zen = place.connected().await;
    let chat = zen.chat("An earlier talk about kittens").await;
    let mut first = on(&chat.continuation_id(), opening("Shall we shard?", three()));
    first["relevant_files"] = json!([file]);
    let first = zen.call("consensus", first).await;
    let said = first.json();
    assert_eq!((first.status().as_str(), &said["total_steps"]), ("analysis_and_first_model_consulted", &json!(3)));
    assert_eq!((&said["model_consulted"], &said["model_stance"]), (&json!("m-for"), &json!("for")));
    assert_eq!(said["model_response"]["verdict"], "verdict of m-for");
    assert_eq!(said["model_response"]["metadata"]["model_name"], "m-for");
    assert_eq!(said["agent_analysis"]["findings"], "my own view");
    assert_eq!(
        (&said["consensus_workflow_status"], &said["next_step_required"]),
        (&json!("initial_analysis_complete"), &json!(true))
    );
    assert_eq!(said["metadata"]["models_to_consult"], json!(["m-for:for", "m-against:against", "m-own:neutral"]));
    assert_eq!(first.continuation_id(), chat.continuation_id());

    let id = thread(&first);
    let second = zen.call("consensus", on(&id, step(2, "private note", "the first likes it"))).await;
    assert_eq!((second.status().as_str(), &second.json()["current_model_index"]), ("model_consulted", &json!(2)));
    let last = zen.call("consensus", on(&id, step(3, "private note", "and the second not"))).await;
    let said = last.json();
    assert_eq!((last.status().as_str(), &said["consensus_complete"]), ("consensus_workflow_complete", &json!(true)));
    assert_eq!(
        (&said["next_step_required"], &said["complete_consensus"]["total_responses"]),
        (&json!(false), &json!(3))
    );
    let verdicts: Vec<_> =
        said["accumulated_responses"].as_array().unwrap().iter().map(|one| one["verdict"].clone()).collect();
    assert_eq!(verdicts, [json!("verdict of m-for"), json!("verdict of m-against"), json!("verdict of m-own")]);
    assert_eq!(said["complete_consensus"]["initial_prompt"], "Shall we shard?");

    let asked = &rehearsal.requests()[1..];
    for (request, stance) in asked.iter().zip(["in favour", "Your stance: against", "Judge as a lawyer."]) {
        assert!(request.system().unwrap().contains(stance), "{:?}", request.system());
        let prompt = shown(request);
        assert!(prompt.contains("Shall we shard?") && prompt.contains("the plan in full"), "{prompt}");
        for private in ["kittens", "my own view", "private note", "the first likes it", "verdict of"] {
            assert!(!prompt.contains(private), "{private} in {prompt}");
        }
    }
    assert!(
        !asked[2].system().unwrap().contains("Your stance:"),
        "a stance of one's own replaces the words of the stance"
    );

    let after = zen.chat_on(&id, "What did they say?").await;
    assert_eq!(after.remaining_turns(), 15, "each verdict is a turn");
    let prompt = shown(&rehearsal.requests()[4]);
    assert!(
        prompt.contains("verdict of m-against") && prompt.contains("kittens"),
        "the thread knows them all: {prompt}"
    );
}

#[tokio::test]
async fn in_parallel_all_are_asked_at_once_and_a_failed_one_is_named() {
    let answer = |request: &Recorded| match request.model.as_str() {
        "broken" => Scene::status(400),
        model => Scene::reply(format!("verdict of {model}")).hold(),
    };
    let rehearsal = Rehearsal::start(Scene::by(answer)).unwrap();
    let mut zen = Place::with(&rehearsal).set("tools.progress_interval", "20ms").connected().await;
    let mut opening = opening(
        "Shall we shard?",
        json!([{ "model": "m-1" }, { "model": "broken" }, { "model": "m-2", "stance": "against" }]),
    );
    opening["parallel"] = json!(true);
    let params = json!({ "name": "consensus", "arguments": opening, "_meta": { "progressToken": "p" } });
    let call = zen.send("tools/call", params).await;
    for _ in 0..3 {
        soon("all three requests before the first reply", rehearsal.next_request()).await;
    }
    let told = loop {
        let message = zen.next_message().await.unwrap();
        let told = message["params"]["message"].as_str().unwrap_or_default().to_owned();
        if told.contains("failed: broken") {
            break told;
        }
    };
    assert!(told.starts_with("1 of 3 models done") && told.contains("thinking: m-1, m-2"), "{told}");
    rehearsal.release_all();
    let reply = zen.called(call).await;
    let said = reply.json();
    assert_eq!((reply.is_error, reply.status().as_str()), (false, "consensus_workflow_complete"), "{reply:?}");
    let outcomes: Vec<_> = said["accumulated_responses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["model"].as_str().unwrap(), one["status"].as_str().unwrap()))
        .collect();
    assert_eq!(outcomes, [("m-1", "success"), ("broken", "error"), ("m-2", "success")]);
    assert!(said["next_steps"].as_str().unwrap().contains("broken:neutral (step_number 2)"), "{said}");
    assert_eq!(reply.remaining_turns(), 19, "one turn for all of them");

    let id = thread(&reply);
    let synthesis = zen.call("consensus", on(&id, step(4, "My synthesis", "shard by tenant"))).await;
    assert_eq!(
        (synthesis.is_error, synthesis.status().as_str()),
        (false, "consensus_workflow_complete"),
        "{synthesis:?}"
    );
    assert_eq!(rehearsal.requests().len(), 3, "nobody is asked for it");
    zen.chat_on(&id, "And now?").await;
    let prompt = shown(rehearsal.requests().last().unwrap());
    for text in ["verdict of m-1", "verdict of m-2", "shard by tenant"] {
        assert!(prompt.contains(text), "{text} in {prompt}");
    }
}

#[tokio::test]
async fn where_all_fail_at_once_it_is_an_error_and_each_can_be_asked_again() {
    let rehearsal = Rehearsal::start([Scene::status(400), Scene::status(400), Scene::reply("at last")]).unwrap();
    let mut zen = Place::with(&rehearsal).connected().await;
    let mut opening = opening("Shall we?", json!([{ "model": "m-1" }, { "model": "m-2" }]));
    opening["parallel"] = json!(true);
    let reply = zen.call("consensus", opening).await;
    assert!(reply.is_error, "{reply:?}");
    let again = zen.call("consensus", on(&thread(&reply), step(2, "once more", ""))).await;
    assert_eq!(again.json()["model_response"]["verdict"], "at last", "{again:?}");
}

#[tokio::test]
async fn a_failing_model_does_not_stop_the_steps() {
    let rehearsal = panel();
    let mut zen = Place::with(&rehearsal).connected().await;
    let first = zen.call("consensus", opening("Shall we?", json!([{ "model": "broken" }, { "model": "m-2" }]))).await;
    assert_eq!((first.is_error, &first.json()["model_response"]["status"]), (false, &json!("error")));
    let second = zen.call("consensus", on(&thread(&first), step(2, "on", ""))).await;
    assert_eq!((second.is_error, &second.json()["complete_consensus"]["total_responses"]), (false, &json!(1)));
    assert_eq!(second.json()["complete_consensus"]["consensus_confidence"], "low");
}

#[tokio::test]
async fn two_interleaved_runs_keep_their_rosters_and_verdicts_apart() {
    let rehearsal = panel();
    let mut zen = Place::with(&rehearsal).connected().await;
    let roster = |name: &str| json!([{ "model": format!("{name}-1") }, { "model": format!("{name}-2") }]);
    let a = zen.call("consensus", opening("Shall we take apples?", roster("a"))).await;
    let b = zen.call("consensus", opening("Shall we take bears?", roster("b"))).await;
    let (a, b) = (on(&thread(&a), step(2, "next", "")), on(&thread(&b), step(2, "next", "")));
    let (b, a) = (zen.send_call("consensus", b).await, zen.send_call("consensus", a).await);
    let (a, b) = (zen.called(a).await, zen.called(b).await);
    for (reply, own, other) in [(&a, "a-", "b-"), (&b, "b-", "a-")] {
        let said = reply.json();
        assert_eq!(
            said["complete_consensus"]["models_consulted"],
            json!([format!("{own}1:neutral"), format!("{own}2:neutral")])
        );
        assert!(!said["accumulated_responses"].to_string().contains(&format!("of {other}")), "{said}");
    }
    assert_eq!(a.json()["complete_consensus"]["initial_prompt"], "Shall we take apples?");
    assert_eq!(rehearsal.requests().len(), 4, "two models, two calls, in each run");
}

#[tokio::test]
async fn a_bad_roster_is_refused_before_anybody_is_asked() {
    let rehearsal = panel();
    let mut zen = Place::with(&rehearsal).connected().await;
    let told = |reply: ToolReply| {
        assert!(reply.is_error, "{reply:?}");
        reply.content()
    };
    assert!(told(zen.call("consensus", step(1, "Shall we?", "")).await).contains("`models` is missing"));
    let one = opening("Shall we?", json!([{ "model": "m" }]));
    assert!(told(zen.call("consensus", one).await).contains("at least 2 objects"));
    let twice = opening("Shall we?", json!([{ "model": "m", "stance": "neutral" }, { "model": "M" }]));
    assert!(told(zen.call("consensus", twice).await).contains("`models[1]` is there twice"));
    let odd = opening("Shall we?", json!([{ "model": "m", "stance": "maybe" }, { "modell": "n" }]));
    let odd = told(zen.call("consensus", odd).await);
    for named in [
        "`models[0].stance` must be one of for, against, neutral",
        "`models[1].modell` is unknown",
        "`models[1].model` is missing",
    ] {
        assert!(odd.contains(named), "{named} in {odd}");
    }
    assert!(told(zen.call("consensus", step(2, "on", "")).await).contains("step 1 opens one"));
    assert!(rehearsal.requests().is_empty());
}
