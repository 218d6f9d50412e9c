//! What stands on each screen, read off the drawn text at 140x40, each beside the same from the books.

use super::books::{Books, Took};
use super::day::Looking;
use crate::engine::calls::Stage;
use crate::interceptor::Outcome;
use crate::thread::Thread;
use crate::tui::figure;
use crate::unit::{MicroUsd, Tokens};

/// A figure on a screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// Which total it is.
    pub total: &'static str,
    /// Whose: a thread, a model, a day.
    pub of: String,
    /// None: it does not stand there.
    pub drawn: Option<String>,
    pub booked: String,
}

#[derive(Default)]
pub struct Figures(pub Vec<Figure>);

impl Figures {
    fn add(&mut self, total: &'static str, of: impl Into<String>, drawn: Option<&str>, booked: impl ToString) {
        let drawn = drawn.map(|drawn| drawn.trim().to_owned());
        self.0.push(Figure { total, of: of.into(), drawn, booked: booked.to_string() });
    }

    /// Those that are not as the books have them.
    pub fn wrong(&self) -> Vec<&Figure> {
        self.0.iter().filter(|figure| figure.drawn.as_ref() != Some(&figure.booked)).collect()
    }
}

fn tokens(count: u64) -> String {
    figure::tokens(Tokens(count))
}

fn cost(micro: u64) -> String {
    if micro == 0 { "$0".to_owned() } else { figure::cost(MicroUsd(micro)) }
}

/// The text between two others on the first line that has the first one.
fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.split_once(from)?.1.split_once(to).map(|(found, _)| found))
}

/// The panes of a line, which stand side by side.
fn panes(line: &str) -> Vec<&str> {
    line.split('│').map(str::trim).filter(|pane| !pane.is_empty()).collect()
}

/// The words of the pane whose words begin so; a mark before them is no word.
fn row<'a>(text: &'a str, begins: &[&str]) -> Option<Vec<&'a str>> {
    text.lines().flat_map(panes).find_map(|pane| {
        let words: Vec<&str> = pane.split_whitespace().filter(|word| !["▌", "●", "◐", "○"].contains(word)).collect();
        let words = if words.first() == Some(&"\"") { words[1..].to_vec() } else { words };
        words.starts_with(begins).then_some(words)
    })
}

/// The head that every screen has.
fn head(figures: &mut Figures, text: &str, books: &Books) {
    let running = match books.in_flight() {
        0 => String::new(),
        1 => " · 1 call in flight".to_owned(),
        calls => format!(" · {calls} calls in flight"),
    };
    let drawn = text.lines().next().and_then(|line| line.split_once("Activity")).map(|(_, right)| right);
    let booked = format!("{} threads{running}", books.threads.len());
    figures.add("threads and calls in the head", "", drawn.map(|drawn| drawn.trim_matches('"')), booked);
}

/// A row of a list of threads: turns against the limit, and tokens both ways.
fn thread_row(figures: &mut Figures, text: &str, thread: &Thread, books: &Books) {
    let id = thread.id.short();
    let words = row(text, &[&id]).or_else(|| row(text, &["▸", &id])).unwrap_or_default();
    let at = words.iter().position(|word| word.contains('/'));
    let turns = at.and_then(|at| words.get(at)).copied();
    figures.add("turns of a thread", &id, turns, format!("{}/{}", Books::answered(thread), books.max_turns));
    let both = at.and_then(|at| words.get(at + 1)).copied();
    figures.add("tokens of a thread", &id, both, tokens(Books::on_thread(thread).tokens()));
}

pub async fn overview(looking: &mut Looking<'_>, books: &Books) -> Figures {
    let text = looking.keys("1").await;
    let mut figures = Figures::default();
    head(&mut figures, &text, books);
    figures.add("threads", "", between(&text, "Threads · ", " ─"), books.threads.len());
    let took = books.on_threads();
    for (total, label, booked) in [
        ("tokens in", "tokens in ", tokens(took.input)),
        ("tokens out", "tokens out ", tokens(took.output)),
        ("spent", "│ cost ", cost(took.cost)),
    ] {
        figures.add(total, "", between(&text, label, "│"), booked);
    }
    for thread in &books.threads {
        thread_row(&mut figures, &text, thread, books);
    }
    for status in &books.providers {
        let id = status.provider.as_str();
        let words = row(&text, &[id]).unwrap_or_default();
        let (answered, failed) = books.requests(&status.provider);
        figures.add("requests that a provider answered", id, words.get(1).copied(), answered);
        figures.add("requests that a provider did not answer", id, words.get(3).copied(), failed);
        let median = books.percentile(&status.provider, 50).map_or_else(|| "–".to_owned(), figure::latency);
        let drawn = words.get(6..).map(|words| words.join(" "));
        figures.add("median of a provider", id, drawn.as_deref(), median);
    }
    figures.add("alerts", "", between(&text, "Alerts (", ")"), books.alerts());
    figures.add("calls in flight", "", between(&text, "In flight (", ")"), books.in_flight());
    figures.add("messages", "", between(&text, "Messages · ", " ─"), books.messages.len());
    figures
}

pub async fn threads(looking: &mut Looking<'_>, books: &Books) -> Figures {
    let mut figures = Figures::default();
    let text = looking.keys("2gg").await;
    head(&mut figures, &text, books);
    figures.add("threads", "", between(&text, " of ", " ╮"), books.threads.len());
    for thread in &books.threads {
        thread_row(&mut figures, &text, thread, books);
    }
    for (at, thread) in newest_first(books).into_iter().enumerate() {
        select(looking, at).await;
        read(&mut figures, looking, thread).await;
    }
    figures
}

/// The threads as they are listed.
fn newest_first(books: &Books) -> Vec<&Thread> {
    let mut threads: Vec<&Thread> = books.threads.iter().map(|thread| &**thread).collect();
    threads.sort_by_key(|thread| std::cmp::Reverse((thread.updated, thread.id)));
    threads
}

async fn select(looking: &mut Looking<'_>, at: usize) -> String {
    looking.keys(&format!("2gg{}", "j".repeat(at))).await
}

/// The reader, turn by turn: the sums in its title, and of each turn what every model's part took.
async fn read(figures: &mut Figures, looking: &mut Looking<'_>, thread: &Thread) {
    let id = thread.id.short();
    let took = Books::on_thread(thread);
    let mut text = looking.keys("⇥gg").await;
    let spent = if took == Took::default() { String::new() } else { format!(" · {}", cost(took.cost)) };
    let title = between(&text, &format!("╮╭ {id} · "), " ─");
    let (turns, of_them) = (thread.turns.len(), Books::answered(thread));
    let answered = if of_them == turns { String::new() } else { format!(", {of_them} answered") };
    figures.add("turns and cost of a thread that is read", &id, title, format!("{turns} turns{answered}{spent}"));
    for (turn, number) in thread.turns.iter().zip(1..) {
        let drawn = facts(&text, number).map(|facts| facts.join(" "));
        let mut booked = Vec::new();
        for one in turn.consultations.iter().filter(|one| one.failure.is_none()) {
            let Took { input, output, cost: spent } = Took::of([one]);
            booked.extend([format!("{} in", tokens(input)), format!("{} out", tokens(output)), cost(spent)]);
        }
        figures.add("what each model took in a turn", format!("{id} {number}"), drawn.as_deref(), booked.join(" "));
        text = looking.keys("J").await;
    }
    looking.keys("⇥").await;
}

/// The figures that stand below the head of this turn.
fn facts(text: &str, turn: usize) -> Option<Vec<String>> {
    let right: Vec<&str> = text.lines().filter_map(|line| line.split_once("││").map(|(_, right)| right)).collect();
    let head = right.iter().position(|line| line.starts_with(&format!("── turn {turn} ·")))?;
    let below = right[head + 1..].iter().take_while(|line| !line.starts_with('▏'));
    let phrases = below.flat_map(|line| line.trim_end_matches(['"', '│', ' ']).split(" · ")).map(str::trim);
    let is_figure = |phrase: &&str| phrase.ends_with(" in") || phrase.ends_with(" out") || phrase.starts_with('$');
    Some(phrases.filter(is_figure).map(str::to_owned).collect())
}

pub async fn budget(looking: &mut Looking<'_>, books: &Books) -> Figures {
    let mut figures = Figures::default();
    for (at, thread) in newest_first(books).into_iter().enumerate() {
        select(looking, at).await;
        let text = looking.keys("3").await;
        if at == 0 {
            head(&mut figures, &text, books);
        }
        window(&mut figures, &text, thread);
    }
    for group in ["model", "tool", "day"] {
        let text = looking.keys("").await;
        spent(&mut figures, &text, books, group);
        looking.keys("b").await;
    }
    let text = looking.keys("").await;
    for taken in books.taken.iter().filter(|taken| taken.limit.is_some()) {
        let (booked, limit) = (books.by(|_| String::new()).values().map(|took| took.cost).sum::<u64>(), taken.limit);
        let limit = limit.unwrap_or_default().0;
        let booked = format!("{} of {} ({} %)", cost(booked), cost(limit), booked * 100 / limit);
        figures.add("what is taken of the limit", "", between(&text, "all providers ", "│"), booked);
    }
    figures
}

/// The last window of a thread by its shares, and what each turn was estimated at.
fn window(figures: &mut Figures, text: &str, thread: &Thread) {
    let id = thread.id.short();
    let (legend, _) = text.split_once("Decided, turn by turn").unwrap_or_default();
    let legend: String = legend.lines().skip(4).flat_map(panes).map(|line| format!("{line}  ")).collect();
    let last = thread.turns.iter().rev().find_map(|turn| turn.consultations.last());
    let Some(last) = last else { return };
    let title = between(text, &format!("╭ Window · {id} "), " tokens ╮").and_then(|title| title.split(' ').next_back());
    figures.add("the window of a thread", &id, title, tokens(last.window.0));
    for (share, count) in Books::shares(last).into_iter().filter(|(_, count)| *count > 0) {
        let drawn = legend.split_once(&format!(" {share} ")).and_then(|(_, rest)| rest.split_whitespace().next());
        figures.add("a share of the window", format!("{id} {share}"), drawn, tokens(count));
    }
    for (turn, number) in thread.turns.iter().zip(1..) {
        let drawn = text.lines().filter(|line| line.contains(&format!("│ turn {number} · ")) && line.contains(" · ~"));
        let drawn: Vec<&str> = drawn.filter_map(|line| line.split_once(" · ~")?.1.split("  ").next()).collect();
        let booked = turn.consultations.iter();
        let booked = booked.map(|one| format!("{} of {}", tokens(one.estimated_input.0), tokens(one.window.0)));
        let booked: Vec<String> = booked.collect();
        figures.add("what a turn was estimated at", format!("{id} {number}"), Some(&drawn.join(" ")), booked.join(" "));
    }
}

/// What was spent, in the lines of this grouping and in all.
fn spent(figures: &mut Figures, text: &str, books: &Books, group: &str) {
    let total = match group {
        "model" => "spent by model",
        "tool" => "spent by tool",
        _ => "spent by day",
    };
    let sums = books.by(|entry| match group {
        "model" => format!("{} {}", entry.subject.model, entry.subject.provider),
        "tool" => entry.subject.tool.to_string(),
        _ => Books::date(entry),
    });
    let mut all = Took::default();
    for took in sums.values() {
        all = Took { input: all.input + took.input, output: all.output + took.output, cost: all.cost + took.cost };
    }
    let of_all = [("all".to_owned(), all)];
    for (name, took) in of_all.into_iter().chain(sums) {
        let words: Vec<&str> = name.split(' ').collect();
        let drawn = row(text, &words).map(|row| row[words.len()..].join(" "));
        let booked = [tokens(took.input), tokens(took.output), cost(took.cost)].join(" ");
        figures.add(total, name, drawn.as_deref(), booked);
    }
}

pub async fn models(looking: &mut Looking<'_>, books: &Books) -> Figures {
    let mut figures = Figures::default();
    let text = looking.keys("4gg").await;
    head(&mut figures, &text, books);
    figures.add("models", "", between(&text, "Models · ", " ─"), books.models.len());
    let mut text = text;
    let mut best_first = books.models.clone();
    best_first.sort_by_key(|choice| std::cmp::Reverse(choice.model.score));
    for choice in &best_first {
        let (model, provider) = (&choice.model, &choice.provider);
        let id = model.id.as_str();
        let words = row(&text, &[id, provider.as_str()]).unwrap_or_default();
        let said = words.iter().skip(2).filter(|word| !["up", "down", "failing", "cooling"].contains(word));
        let drawn = said.copied().collect::<Vec<_>>().join(" ");
        let latency = |hundredths| books.percentile(provider, hundredths).map_or("–".to_owned(), figure::latency);
        let failing =
            books.failing(provider).map_or("–".to_owned(), |mille| format!("{}.{}", mille / 10, mille % 10));
        let speed = books.speed(provider).map_or("–".to_owned(), figure::count);
        let window = tokens(model.context_window.0);
        let score = match books.penalty(provider) {
            0 => model.score.to_string(),
            penalty => format!("{0}→{1}", model.score, u64::from(model.score).saturating_sub(penalty)),
        };
        let booked = format!("{score} {window} {} {} {failing} {speed}", latency(50), latency(95));
        figures.add("score, window, times, errors and speed", id, Some(&drawn), booked);

        let selected = between(&text, "╭ ", " ─").is_some() && text.contains(&format!("╭ {provider}/{id} "));
        assert!(selected, "{id} is not the one that is selected:\n{text}");
        let (answered, failed) = books.requests(provider);
        let lowered = match books.penalty(provider) {
            0 => String::new(),
            penalty => format!(" · scores lowered by {penalty} now"),
        };
        let booked = format!("{answered} answered · {failed} failed since its start{lowered}");
        figures.add("requests of a model's provider", id, between(&text, "│ provider ", "│"), booked);
        let booked = cost(books.spent_at(provider));
        figures.add("spent at a model's provider", id, between(&text, "│ spent ", "│"), booked);
        text = looking.keys("j").await;
    }
    figures
}

pub async fn log(looking: &mut Looking<'_>, books: &Books) -> Figures {
    let mut figures = Figures::default();
    let text = looking.keys("5").await;
    head(&mut figures, &text, books);
    figures.add("messages", "", between(&text, "Messages · ", " ─"), books.messages.len());
    let seen = text.lines().filter(|line| line.contains(" ▸ demo/") || line.contains(" ◂ demo/"));
    let drawn: Vec<String> = seen.filter_map(size).collect();
    let newest = &books.messages[books.messages.len().saturating_sub(drawn.len())..];
    let booked: Vec<String> = newest.iter().map(|entry| figure::bytes(entry.len)).collect();
    figures.add("sizes of the newest messages", "", Some(&drawn.join(", ")), booked.join(", "));
    let outcome = |wanted: Outcome| books.messages.iter().filter(|entry| entry.outcome == wanted).count();
    let of = |tool: &str| books.messages.iter().filter(|entry| entry.header.tool.as_deref() == Some(tool)).count();
    for (total, query, booked) in [
        ("messages that were blocked", "verdict:blocked", outcome(Outcome::Blocked)),
        ("messages that were changed", "verdict:modified", outcome(Outcome::Modified)),
        ("messages of a tool", "tool:chat", of("chat")),
        ("messages of a tool", "tool:debug", of("debug")),
        ("messages of a tool", "tool:consensus", of("consensus")),
    ] {
        let text = looking.keys(&format!("/{query}↵")).await;
        let booked = format!("{booked} of {}", books.messages.len());
        figures.add(total, query, between(&text, "Messages · ", " /"), booked);
        looking.keys("␛").await;
    }
    figures
}

/// The size that stands in a row of the log.
fn size(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let unit = words.iter().position(|word| ["B", "kB", "MB"].contains(word))?;
    Some(format!("{} {}", words[unit - 1], words[unit]))
}

pub async fn activity(looking: &mut Looking<'_>, books: &Books) -> Figures {
    let mut figures = Figures::default();
    let text = looking.keys("6").await;
    head(&mut figures, &text, books);
    let calls =
        |text: &str| between(text, "Calls · ", " ─").map(|calls| calls.split(" / ").next().unwrap_or(calls).to_owned());
    let booked = format!("{} in flight · {} ended", books.in_flight(), books.ended(|_, _| true));
    figures.add("calls in flight and ended", "", calls(&text).as_deref(), booked);
    let mut wanted: Vec<(&'static str, String, usize)> = vec![
        ("calls that failed", "stage:failed".to_owned(), books.ended(|_, stage| matches!(stage, Stage::Failed { .. }))),
        ("calls that were answered", "stage:done".to_owned(), books.ended(|_, stage| *stage == Stage::Done)),
    ];
    for tool in ["chat", "debug", "planner", "thinkdeep", "consensus"] {
        wanted.push(("calls of a tool", format!("tool:{tool}"), books.ended(|of, _| of == tool)));
    }
    for (total, query, ended) in wanted {
        let text = looking.keys(&format!("/{query}↵")).await;
        let drawn = calls(&text);
        let drawn = drawn.as_deref().and_then(|calls| calls.split_once(" · ")).map(|(_, ended)| ended);
        figures.add(total, query, drawn, format!("{ended} ended"));
        looking.keys("␛").await;
    }
    figures
}

/// The lists of switches, which stand over a screen.
pub async fn switches(looking: &mut Looking<'_>, books: &Books) -> Figures {
    let mut figures = Figures::default();
    let text = looking.keys("6t").await;
    for tool in ["chat", "debug", "planner", "thinkdeep", "consensus", "codereview"] {
        let words = row(&text, &[tool, "on"]).unwrap_or_default();
        let drawn: Vec<&str> = words.into_iter().skip(2).take_while(|word| *word != "this").collect();
        let ended = books.ended(|of, _| of == tool);
        let failed = books.ended(|of, stage| of == tool && matches!(stage, Stage::Failed { .. }));
        let median = books.median_of(tool).map_or("–".to_owned(), figure::latency);
        figures.add("how the calls of a tool went", tool, Some(&drawn.join(" ")), format!("{ended} {failed} {median}"));
    }
    let text = looking.keys("␛r").await;
    let drawn = row(&text, &["no-tokens-leave", "on"]).and_then(|words| words.get(2).copied());
    figures.add("how often a rule did something", "", drawn, books.hits("no-tokens-leave"));
    looking.keys("␛").await;
    figures
}
