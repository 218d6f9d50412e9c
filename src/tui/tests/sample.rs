//! A model driven by hand, and the updates to drive it with.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::budget::{self, Decision, Part};
use crate::control::types::models::ModelSummary;
use crate::control::types::*;
use crate::id::{CallId, ConnectionId, MessageSeq, PauseId, ThreadId};
use crate::insight::verdict::{Measure, Reading};
use crate::provider::{Class, Effort, Finish, Usage};
use crate::tui::SourceId;
use crate::tui::event::{Effect, Event, Reply, Watch};
use crate::tui::model::Model;
use crate::tui::theme::Theme;
use crate::tui::update::update;
use crate::tui::view::view;
use crate::unit::{MicroUsd, Tokens, UnixMillis};

/// 12:04:31 UTC on some day.
pub const NOW: UnixMillis = UnixMillis(1_795_262_671_000);
pub const OWN: SourceId = SourceId(1);
pub const OTHER: SourceId = SourceId(2);

/// A face without a loop: events in, effects kept, frames on demand.
pub struct Driven {
    pub model: Model,
    pub effects: Vec<Effect>,
}

impl Driven {
    pub fn new(width: u16, height: u16) -> Self {
        Self::with(width, height, Theme::new(true), false)
    }

    pub fn with(width: u16, height: u16, theme: Theme, read_only: bool) -> Self {
        let mut face = Self { model: Model::new((width, height), NOW, theme, read_only), effects: Vec::new() };
        face.settle();
        face
    }

    /// Own process and another one, with threads, a call without a thread and a log.
    pub fn full(width: u16, height: u16) -> Self {
        let mut face = Self::new(width, height);
        face.appear(OWN, "tui 4100 here", true);
        face.appear(OTHER, "stdio 4242 myproject", false);
        face.send(OWN, Update::Snapshot(Box::new(own())));
        face.send(OTHER, Update::Snapshot(Box::new(other())));
        face
    }

    pub fn take(&mut self, event: Event) -> &mut Self {
        self.effects.extend(update(&mut self.model, event));
        self.settle()
    }

    pub fn settle(&mut self) -> &mut Self {
        self.effects.extend(update(&mut self.model, Event::Drained { now: NOW }));
        self
    }

    pub fn appear(&mut self, source: SourceId, name: &str, own: bool) -> &mut Self {
        self.take(Event::Appeared { source, name: name.to_owned(), own })
    }

    pub fn send(&mut self, source: SourceId, update: Update) -> &mut Self {
        self.take(Event::Watched { source, watch: Watch::Update(update) })
    }

    pub fn reply(&mut self, source: SourceId, reply: Reply) -> &mut Self {
        self.take(Event::Replied { source, reply })
    }

    /// Each character is a key; the arrows are themselves, `↵` enter, `␛` escape, `⇥` tab, `⌃` ctrl-c.
    pub fn keys(&mut self, keys: &str) -> &mut Self {
        for character in keys.chars() {
            let (code, modifiers) = match character {
                '↵' => (KeyCode::Enter, KeyModifiers::NONE),
                '␛' => (KeyCode::Esc, KeyModifiers::NONE),
                '⇥' => (KeyCode::Tab, KeyModifiers::NONE),
                '↑' => (KeyCode::Up, KeyModifiers::NONE),
                '↓' => (KeyCode::Down, KeyModifiers::NONE),
                '→' => (KeyCode::Right, KeyModifiers::NONE),
                '⌫' => (KeyCode::Backspace, KeyModifiers::NONE),
                '⌃' => (KeyCode::Char('c'), KeyModifiers::CONTROL),
                other => (KeyCode::Char(other), KeyModifiers::NONE),
            };
            self.take(Event::Key(KeyEvent::new(code, modifiers)));
        }
        self
    }

    /// What was asked for since the last look.
    pub fn asked(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    pub fn terminal(&self) -> Terminal<TestBackend> {
        let (width, height) = self.model.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| view(&self.model, frame)).unwrap();
        terminal
    }

    /// The screen as text.
    pub fn frame(&self) -> String {
        self.terminal().backend().to_string()
    }
}

/// The frame at the sizes at which people look at it, from wide to small.
pub fn at_each_size(face: &mut Driven) -> String {
    let sizes = [(140, 40), (100, 30), (60, 20), (40, 10)];
    let frames = sizes.map(|(width, height)| {
        face.take(Event::Resized { width, height });
        format!("{width}x{height}\n{}", face.frame())
    });
    frames.join("\n")
}

/// The key with ctrl held.
pub fn control(key: char) -> Event {
    Event::Key(KeyEvent::new(KeyCode::Char(key), KeyModifiers::CONTROL))
}

pub fn thread_id(digit: char) -> ThreadId {
    format!("{}-1c02-4a4a-8b8b-{}", digit.to_string().repeat(8), digit.to_string().repeat(12)).parse().unwrap()
}

pub fn ago(seconds: u64) -> UnixMillis {
    UnixMillis(NOW.0 - seconds * 1_000)
}

pub fn thread(digit: char, tool: &str, model: &str, answered: u32, seconds: u64, title: &str) -> ThreadSummary {
    ThreadSummary {
        id: thread_id(digit),
        title: title.to_owned(),
        tool: tool.to_owned(),
        model: Some(model.into()),
        turns: answered,
        answered,
        input: Tokens(u64::from(answered) * 7_430),
        output: Tokens(u64::from(answered) * 610),
        partly_unknown: false,
        cost_partly_unknown: false,
        cost: Some(MicroUsd(u64::from(answered) * 12_300)),
        bytes: 40_000,
        created: ago(seconds + 600),
        updated: ago(seconds),
        expires: UnixMillis(NOW.0 + 3_600_000),
        pinned: false,
        tags: Vec::new(),
        workspace: String::new(),
        parent: None,
        concern: None,
    }
}

fn client(name: &str) -> ClientSummary {
    ClientSummary {
        connection: ConnectionId(1),
        transport: "stdio".to_owned(),
        name: name.to_owned(),
        version: "2.1".to_owned(),
        protocol: Some("2025-11-25".to_owned()),
    }
}

pub fn snapshot(face: Face, pid: u32) -> Snapshot {
    Snapshot {
        hello: Hello {
            protocol: PROTOCOL,
            version: "0.1.0".to_owned(),
            pid,
            face,
            started: ago(3_000),
            working_directory: "/home/me/myproject".to_owned(),
            clients: Vec::new(),
            demo: false,
        },
        limits: Limits { ttl_ms: 10_800_000, max_turns: 20 },
        threads: Vec::new(),
        calls: Vec::new(),
        messages: Vec::new(),
        providers: Vec::new(),
        paused: Vec::new(),
        restorable: Vec::new(),
    }
}

pub fn own() -> Snapshot {
    let mut unknown = thread('d', "chat", "llama3.2:70b", 1, 7_020, "Name three crates for CLI parsing");
    unknown.partly_unknown = true;
    Snapshot { threads: vec![unknown], ..snapshot(Face::Tui, 4100) }
}

pub fn other() -> Snapshot {
    let mut snapshot = snapshot(Face::Stdio, 4242);
    snapshot.hello.clients = vec![client("claude-code")];
    snapshot.threads = vec![
        thread('3', "codereview", "gemini-2.5-pro", 2, 12, "Please review src/storage/redis.rs, focus on the TTL"),
        thread('b', "debug", "grok-4", 11, 64, "The parser drops the last token of a line"),
        thread('0', "consensus", "gpt-5.1", 19, 210, "Should the cache be write-through? 写入策略"),
        thread('5', "planner", "gpt-5.1", 20, 662, "Plan the migration to edition 2024"),
    ];
    snapshot.calls = vec![call(17, "thinkdeep", None, Stage::Waiting, 0)];
    snapshot.messages = vec![
        message(1, 2_899, Direction::In, MessageKind::Request, "initialize", None, MessageOutcome::Passed),
        message(2, 2_895, Direction::Out, MessageKind::Result, "initialize", None, MessageOutcome::Passed),
        message(
            3,
            2_520,
            Direction::In,
            MessageKind::Request,
            "tools/call",
            Some("codereview"),
            MessageOutcome::Modified,
        ),
        message(
            4,
            2_100,
            Direction::Out,
            MessageKind::Notification,
            "notifications/progress",
            None,
            MessageOutcome::Passed,
        ),
        message(
            5,
            1_200,
            Direction::Out,
            MessageKind::Result,
            "tools/call",
            Some("codereview"),
            MessageOutcome::Passed,
        ),
        message(6, 650, Direction::In, MessageKind::Request, "tools/call", Some("chat"), MessageOutcome::Blocked),
        message(7, 640, Direction::Out, MessageKind::Error, "tools/call", Some("chat"), MessageOutcome::Passed),
    ];
    snapshot
}

pub fn call(id: u64, tool: &str, thread: Option<ThreadId>, stage: Stage, characters: u64) -> CallSummary {
    CallSummary {
        id: CallId(id),
        tool: tool.to_owned(),
        connection: ConnectionId(1),
        thread,
        model: Some("gemini-2.5-pro".into()),
        provider: Some("google".into()),
        stage,
        text_chars: characters,
        started: ago(4),
        ended: None,
    }
}

fn message(
    seq: u64,
    millis: u64,
    direction: Direction,
    kind: MessageKind,
    method: &str,
    tool: Option<&str>,
    outcome: MessageOutcome,
) -> MessageSummary {
    MessageSummary {
        seq: MessageSeq(seq),
        at: UnixMillis(NOW.0 - millis),
        direction,
        connection: ConnectionId(1),
        transport: "stdio".to_owned(),
        kind,
        method: method.to_owned(),
        tool: tool.map(str::to_owned),
        id: Some("118".to_owned()),
        bytes: seq * 2_037,
        outcome,
        by: None,
        reason: None,
    }
}

pub fn whole(text: &str) -> TextSlice {
    TextSlice::of(text, 0, usize::MAX)
}

/// The thread that is selected first, with two turns.
pub fn detail() -> ThreadDetail {
    let summary = other().threads.remove(0);
    let second = TurnDetail {
        number: 2,
        prompt: whole("And what of the `Moved` errors?"),
        answer: Some(whole(
            "The retry loop ignores them. A cluster that moves a slot answers `MOVED 3999 127.0.0.1:6381`; follow it once, then give up.\n\n1. Parse the address.\n2. Ask there.\n\n```rust\nlet moved = Moved::parse(&error)?;\n    self.ask(moved.address).await\n```\n",
        )),
        files: Vec::new(),
        refused: vec![RefusedFile { path: "/etc/redis.conf".to_owned(), reason: "outside of the roots".to_owned() }],
        withheld: vec!["src/storage/auth.rs: 1 GitHub token".to_owned()],
        verdict: None,
        consultations: vec![ConsultationDetail { finish: Finish::Length, usage: Usage::default(), ..consultation() }],
        started: ago(22),
        ended: ago(12),
        tool: "chat".to_owned(),
    };
    ThreadDetail { summary, turns: vec![first_turn(), second] }
}

fn first_turn() -> TurnDetail {
    TurnDetail {
        number: 1,
        tool: "codereview".to_owned(),
        prompt: whole("Please review `src/storage/redis.rs`, focus on the TTL refresh race."),
        answer: Some(whole(
            "The TTL refresh is not atomic: `GET` then `EXPIRE` leaves a window in which the key can vanish.\n\n写入策略也要考虑。",
        )),
        files: vec!["src/storage/redis.rs".to_owned(), "src/storage/mod.rs".to_owned()],
        refused: Vec::new(),
        withheld: Vec::new(),
        verdict: Some(verdict()),
        consultations: vec![consultation()],
        started: ago(330),
        ended: ago(320),
    }
}

/// A step that says what an earlier one said.
pub fn verdict() -> Verdict {
    let reading = |measure, value, threshold| Reading { measure, value, threshold };
    Verdict {
        kind: Concern::Repeat,
        step: 2,
        steps: vec![1],
        words: vec!["the TTL refresh".to_owned(), "is not atomic".to_owned()],
        readings: vec![reading(Measure::RepeatedPhrases, 0.82, 0.6), reading(Measure::NewWords, 0.04, 0.1)],
        before: 1,
        doubt: None,
        judged: None,
    }
}

fn consultation() -> ConsultationDetail {
    ConsultationDetail {
        provider: "google".into(),
        model: "gemini-2.5-pro".into(),
        asked_as: "pro".to_owned(),
        effort_asked: Some(Effort::Max),
        effort_sent: Some(Effort::High),
        usage: Usage {
            input: Some(Tokens(6_412)),
            output: Some(Tokens(812)),
            reasoning: Some(Tokens(400)),
            cached_input: None,
        },
        estimated_input: Tokens(6_150),
        cost: Some(MicroUsd(12_300)),
        price_source: None,
        finish: Finish::Stop,
        failure: None,
        cached: false,
        attempts: 1,
        first_token_ms: Some(1_240),
        latency_ms: 9_800,
        window: Tokens(1_000_000),
        reply_reserve: Tokens(64_000),
        decisions: vec![
            Decision {
                part: Part::Files,
                subject: "src/storage/big.rs".to_owned(),
                tokens: Tokens(90_400),
                verdict: budget::Verdict::LeftOut,
            },
            Decision {
                part: Part::Files,
                subject: "src/storage/log.rs (lines 1 to 80)".to_owned(),
                tokens: Tokens(1_000),
                verdict: budget::Verdict::Cut,
            },
            Decision {
                part: Part::Prompt,
                subject: "prompt".to_owned(),
                tokens: Tokens(40),
                verdict: budget::Verdict::Kept,
            },
        ],
    }
}

fn model(provider: &str, id: &str, score: u8) -> ModelSummary {
    ModelSummary {
        provider: provider.into(),
        id: id.into(),
        title: format!("The {id}"),
        aliases: vec!["pro".to_owned(), "the-best".to_owned()],
        description: "Reasons long; reads whole repositories".to_owned(),
        score,
        context_window: Tokens(1_000_000),
        max_output: Some(Tokens(64_000)),
        efforts: vec![Effort::Low, Effort::High],
        images: true,
        thinking: true,
        input_price: Some(MicroUsd(1_250_000)),
        output_price: None,
        price_source: Some("https://prices.example (2026-11-01)".to_owned()),
        breaker: None,
        off: None,
    }
}

pub fn models() -> Vec<ModelSummary> {
    vec![model("google", "gemini-2.5-pro", 17), model("xai", "grok-4", 16), model("google", "gemini-2.5-flash", 12)]
}

/// A provider that fails, with one of its models left alone.
pub fn failing() -> ProviderSummary {
    ProviderSummary {
        id: "google".into(),
        title: "Google".to_owned(),
        configured: true,
        answered: 212,
        failed: 31,
        last_latency_ms: Some(1_800),
        last_failure: Some(Class::Overloaded),
        health: HealthSummary {
            requests: 100,
            failing_per_mille: Some(310),
            penalty: 1,
            first_text_p50_ms: Some(900),
            first_text_p95_ms: Some(2_000),
            total_p50_ms: Some(1_800),
            total_p95_ms: Some(8_400),
            tokens_per_second: Some(92),
            last_error: Some(FailedWith { class: Class::Overloaded, message: "The model is overloaded.".to_owned() }),
            last_error_at: Some(ago(12)),
        },
        resting: vec![RestingSummary {
            model: Some("gemini-2.5-flash".into()),
            breaker: Breaker::Open,
            rest_ms: 29_500,
        }],
        spent: MicroUsd(4_180_000),
        cost_unknown: 3,
    }
}

pub fn paused() -> PausedSummary {
    PausedSummary {
        id: PauseId(1),
        connection: ConnectionId(1),
        direction: Direction::In,
        kind: MessageKind::Request,
        method: "tools/call".to_owned(),
        tool: Some("chat".to_owned()),
        by: "rules".to_owned(),
        reason: "a person looks at what leaves".to_owned(),
        since: ago(6),
        until: UnixMillis(NOW.0 + 24_000),
        continues: false,
        text: whole("{}"),
    }
}
