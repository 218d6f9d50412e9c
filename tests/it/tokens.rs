//! The estimate of a prompt against what a real tokeniser makes of what the provider received, over the whole way.

use zen::control::Control as _;
use zen::rehearsal::{Rehearsal, Scene};

use crate::support::place::Place;
use crate::support::{chat, chat_with, repository_file, shown, soon};

const CHINESE: &str = "请看一下这段设计：每个会话都有一个标识符，任何模型都可以凭它继续对话。文件在每个提示中只出现一次，\
    并且带有行号。如果提示超过了模型的窗口，最旧的回合先被省略，并且在回复中说明。这样做有什么风险？在什么情况下会丢失重要的上下文？";

const PROSE: &str = "We keep the threads of our consultations in memory and let them expire three hours after their last \
    turn. A reviewer asked whether that is long enough for somebody who goes to lunch and comes back to a meeting, and \
    whether a person should be told before it happens. What would you answer, and what would you measure first?";

#[tokio::test]
async fn the_estimate_is_within_15_percent_of_a_tokenisers_count_of_what_was_sent() {
    // The scripted provider counts words, from which the estimate would learn.
    let rehearsal = Rehearsal::start(Scene::reply("ok").without_usage()).unwrap();
    let place = Place::with(&rehearsal);
    let source = std::fs::read_to_string(repository_file("src/thread/threads.rs")).unwrap();
    let file = place.file("threads.rs", &source);
    let mut zen = place.connected().await;
    let client = place.control().await;
    let tokeniser = tiktoken_rs::o200k_base().unwrap();
    for (name, arguments) in
        [("code", chat_with("Review this.", &[&file])), ("chinese", chat(CHINESE)), ("prose", chat(PROSE))]
    {
        let thread = zen.call("chat", arguments).await.continuation_id();
        let request = soon("the request", rehearsal.next_request()).await;
        let counted = tokeniser.encode_ordinary(&shown(&request)).len() as f64;
        let detail = client.thread(thread.parse().unwrap()).await.unwrap();
        let estimated = detail.turns[0].consultations[0].estimated_input.0 as f64;
        let off = (estimated - counted) / counted;
        assert!(off.abs() <= 0.15, "{name}: {:+.1} % of {counted}", off * 100.0);
    }
}
