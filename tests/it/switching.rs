//! Tools, models and rules switched by hand from a face, and what agents hear of it.

use serde_json::{Value, json};
use zen::control::Control as _;
use zen::control::types::{ModelSwitch, Switchable};
use zen::rehearsal::{Rehearsal, Scene};

use crate::support::place::Place;
use crate::support::process::Zen;
use crate::support::screen::Screen;
use crate::support::watch::Watch;
use crate::support::{chat, soon};

async fn tools(zen: &mut Zen) -> Vec<String> {
    let listed = zen.request("tools/list", json!({})).await;
    let tools = listed["result"]["tools"].as_array().unwrap();
    tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

fn with_model(model: &str) -> Value {
    let mut arguments = chat("Which one are you?");
    arguments["model"] = json!(model);
    arguments
}

/// Two providers behind one scripted endpoint.
fn place(rehearsal: &Rehearsal) -> Place {
    Place::new()
        .provider(rehearsal)
        .env("OPENAI_API_KEY", "sk-not-a-key")
        .env("ZEN_PROVIDERS_OPENAI_BASE_URL", rehearsal.base_url())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_switches_models_and_tools_of_another_process_and_its_agent_is_told_the_truth() {
    let rehearsal = Rehearsal::start(Scene::echo()).unwrap();
    let place = place(&rehearsal);
    let mut zen = place.connected().await;
    let control = place.control().await;
    let mut watch = Watch::begin(&control).await;
    let mut screen = Screen::open(place.command(&["tui"]).as_std(), (120, 40));
    let process = format!("stdio {} project", zen.pid());
    screen.shows(&[&format!("● {process}")]);

    screen.press("4/model:scripted process:stdio\r");
    screen.shows(&["Models · 1 / model:scripted", "▌ scripted"]);
    screen.press("d");
    screen.shows(&["Switch this off?", "custom/scripted", &process]);
    screen.press("d");
    screen.shows(&[&format!("custom/scripted is off in {process}; d switches it on again"), "○ off"]);
    let turned = watch.until("the audit", |delta| delta.switched.first().cloned()).await;
    assert_eq!((&turned.what.to_string()[..], turned.on), ("custom/scripted", false));
    assert_eq!(turned.uid, rustix::process::geteuid().as_raw());

    let refused = zen.call("chat", with_model("scripted")).await;
    assert!(refused.is_error && refused.text.contains("a person switched it off here"), "{}", refused.text);
    assert!(!zen.call("listmodels", json!({})).await.content().contains("`scripted`"));
    assert!(rehearsal.requests().is_empty(), "nothing was asked");
    screen.press("d");
    screen.shows(&["custom/scripted is on again"]);
    assert!(!zen.call("chat", with_model("scripted")).await.is_error);
    assert!(zen.call("listmodels", json!({})).await.content().contains("`scripted`"));

    // The last tool of the list is one of the other process.
    let before = tools(&mut zen).await;
    screen.press("t");
    screen.shows(&["TOOL", "P50", &process, "● on"]);
    screen.press("G");
    let is_last = |line: &&str| line.contains("▌ ") && line.contains("stdio") && !line.contains("scripted");
    let text = screen.wait_for("the last row", |text| text.lines().any(|line| is_last(&line)));
    let row = text.lines().find(is_last).unwrap();
    let name = row.split("▌ ").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    screen.press("dd");
    screen.shows(&[&format!("{name} is off in {process}")]);
    let without: Vec<String> = before.iter().filter(|tool| **tool != name).cloned().collect();
    assert_eq!(tools(&mut zen).await, without);
    screen.press("d");
    screen.shows(&[&format!("{name} is on again")]);
    assert_eq!(tools(&mut zen).await, before);
    screen.press("\x1b");
    screen.shows_no(&["until zen ends   esc close"]);
    screen.press("q");
    assert_eq!(screen.ended(), 0);
}

#[tokio::test]
async fn a_provider_goes_with_all_its_models_and_a_call_in_flight_goes_on() {
    let rehearsal = Rehearsal::start([Scene::reply("To the end.").hold(), Scene::echo()]).unwrap();
    let place = place(&rehearsal);
    let mut zen = place.connected().await;
    let control = place.control().await;
    let mut watch = Watch::begin(&control).await;
    let running = zen.send_call("chat", with_model("scripted")).await;
    rehearsal.next_request().await;
    let whole = |enabled| ModelSwitch { provider: "custom".into(), model: None, enabled };
    let models = control.switch_model(whole(false)).await.unwrap();
    assert!(models.iter().filter(|model| model.provider.as_str() == "custom").all(|model| model.off.is_some()));
    rehearsal.release_all();
    assert!(zen.called(running).await.content().contains("To the end."));
    let refused = zen.call("chat", with_model("any-name-at-all")).await;
    assert!(refused.is_error && refused.text.contains("switched it off"), "{}", refused.text);
    // Turning off what is off is no act to be told of.
    control.switch_model(whole(false)).await.unwrap();
    control.switch_model(whole(true)).await.unwrap();
    let on = |delta: &zen::control::types::Delta| delta.switched.iter().find(|turned| turned.on).cloned();
    let turned = soon("the audit", watch.until("the audit", on)).await;
    assert_eq!((turned.seq.0, turned.what), (2, Switchable::Provider("custom".into())));
    let unknown = ModelSwitch { provider: "nobody".into(), model: None, enabled: false };
    assert!(control.switch_model(unknown).await.unwrap_err().to_string().contains("not configured"));
}
