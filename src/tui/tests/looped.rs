//! The loop in paused time: how often it draws, what it asks a source for, and how it ends.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};
use futures_util::stream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::sample::*;
use crate::clock::Clock;
use crate::control::types::models::ModelSummary;
use crate::control::types::*;
use crate::control::{Control, ControlError, Reply};
use crate::id::{CallId, MessageSeq, PauseId, ThreadId};
use crate::shutdown::Shutdown;
use crate::tui::editor::Editor;
use crate::tui::event::TerminalAct;
use crate::tui::keymap::Keymap;
use crate::tui::look::Look;
use crate::tui::model::Model;
use crate::tui::theme::Theme;
use crate::tui::{Exit, Options, Source, SourceChange, TuiError, run_loop};

/// An engine that says what it was told to, and notes what it is asked.
#[derive(Default)]
struct Scripted {
    updates: Mutex<Option<mpsc::Receiver<Update>>>,
    asked: Mutex<Vec<String>>,
}

impl Scripted {
    fn note(&self, asked: impl Into<String>) {
        self.asked.lock().unwrap().push(asked.into());
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn gone<T: Send + 'static>() -> Reply<'static, T> {
    Box::pin(async { Err(ControlError::Unreachable("not in the script".to_owned())) })
}

impl Control for Scripted {
    fn hello(&self) -> Reply<'_, Hello> {
        gone()
    }

    fn watch(&self) -> Reply<'_, mpsc::Receiver<Update>> {
        let updates = self.updates.lock().unwrap().take();
        Box::pin(async { updates.ok_or(ControlError::Unreachable("watched twice".to_owned())) })
    }

    fn thread(&self, thread: ThreadId) -> Reply<'_, ThreadDetail> {
        self.note(format!("thread {}", thread.short()));
        Box::pin(async { Ok(detail()) })
    }

    fn turn_text(&self, _: ThreadId, _: u32, _: TurnText, _: u64) -> Reply<'_, TextSlice> {
        gone()
    }

    fn expire(&self, thread: ThreadId) -> Reply<'_, ThreadSummary> {
        self.note(format!("expire {}", thread.short()));
        gone()
    }

    fn act(&self, _: Act) -> Reply<'_, Acted> {
        gone()
    }

    fn search(&self, _: String) -> Reply<'_, Vec<ThreadSummary>> {
        gone()
    }

    fn export(&self, _: ThreadId, _: Form) -> Reply<'_, Exported> {
        gone()
    }

    fn import(&self, _: String) -> Reply<'_, ThreadSummary> {
        gone()
    }

    fn call(&self, _: ToolCall) -> Reply<'_, ToolResult> {
        gone()
    }

    fn cancel(&self, call: CallId) -> Reply<'_, ()> {
        self.note(format!("cancel {call}"));
        Box::pin(async { Ok(()) })
    }

    fn live_text(&self, _: CallId, _: u64) -> Reply<'_, TextSlice> {
        gone()
    }

    fn message(&self, _: MessageSeq) -> Reply<'_, MessageDetail> {
        gone()
    }

    fn message_text(&self, _: MessageSeq, _: MessageText, _: u64) -> Reply<'_, TextSlice> {
        gone()
    }

    fn models(&self) -> Reply<'_, Vec<ModelSummary>> {
        Box::pin(async { Ok(models()) })
    }

    fn switch_model(&self, _: ModelSwitch) -> Reply<'_, Vec<ModelSummary>> {
        gone()
    }

    fn tools(&self) -> Reply<'_, Vec<ToolSummary>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn paths(&self, _: String) -> Reply<'_, Vec<String>> {
        gone()
    }

    fn probe(&self, _: crate::id::ProviderId) -> Reply<'_, ProbeSummary> {
        gone()
    }

    fn spending(&self) -> Reply<'_, crate::control::types::spending::Spending> {
        gone()
    }

    fn paused(&self) -> Reply<'_, Vec<PausedSummary>> {
        gone()
    }

    fn paused_text(&self, _: PauseId, _: u64) -> Reply<'_, TextSlice> {
        gone()
    }

    fn resolve(&self, _: PauseId, _: PauseDecision) -> Reply<'_, ()> {
        gone()
    }

    fn interceptors(&self) -> Reply<'_, Interceptors> {
        gone()
    }

    fn switch(&self, _: Switch) -> Reply<'_, Interceptors> {
        gone()
    }

    fn toolbox(&self) -> Reply<'_, Vec<ToolSwitch>> {
        gone()
    }

    fn switch_tool(&self, _: Switch) -> Reply<'_, Vec<ToolSwitch>> {
        gone()
    }

    fn metrics(&self) -> Reply<'_, Vec<crate::engine::Family>> {
        gone()
    }
}

/// Counts frames, and does nothing else that a terminal does.
#[derive(Default)]
struct Counted(Arc<AtomicUsize>);

impl run_loop::Glass for Counted {
    fn draw(&mut self, _: &Model) -> io::Result<()> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn act(&mut self, _: TerminalAct) -> io::Result<Option<(u16, u16)>> {
        Ok(None)
    }
}

impl<S: futures_util::Stream<Item = io::Result<Input>> + ?Sized> run_loop::Keyboard for std::pin::Pin<Box<S>> {
    fn let_go(&mut self) {}

    fn take_again(&mut self) {}
}

/// One that is not there.
fn editor() -> Editor {
    Editor::new(Some("no-such-editor"), None, None, "/nowhere".into())
}

/// A running loop with its ends in our hands.
struct Looped {
    keys: mpsc::Sender<Input>,
    sources: mpsc::Sender<SourceChange>,
    shutdown: Shutdown,
    frames: Arc<AtomicUsize>,
    ended: JoinHandle<Result<Exit, TuiError>>,
}

fn options(sources: mpsc::Receiver<SourceChange>, clock: Clock, shutdown: Shutdown) -> Options {
    Options {
        own: None,
        sources,
        clock,
        read_only: false,
        keymap: Keymap::default(),
        look: Look::default(),
        editor: editor(),
        recorder: None,
        shutdown,
    }
}

impl Looped {
    fn start() -> Self {
        let (keys, pressed) = mpsc::channel(4_096);
        let (sources, changes) = mpsc::channel(8);
        let (shutdown, frames) = (Shutdown::default(), Arc::new(AtomicUsize::new(0)));
        let clock = Clock::anchored(NOW);
        let options = options(changes, clock, shutdown.clone());
        let model = Model::new((100, 30), NOW, Theme::new(true), false);
        let input = stream::unfold(pressed, |mut pressed| async move {
            let input = pressed.recv().await?;
            Some((Ok::<_, io::Error>(input), pressed))
        });
        let drawn = Arc::clone(&frames);
        let ended = tokio::spawn(async move { run_loop::run(model, options, Box::pin(input), Counted(drawn)).await });
        Self { keys, sources, shutdown, frames, ended }
    }

    async fn attach(&self, snapshot: Snapshot) -> (Arc<Scripted>, mpsc::Sender<Update>) {
        let (updates, received) = mpsc::channel(8);
        updates.send(Update::Snapshot(Box::new(snapshot))).await.unwrap();
        let control = Arc::new(Scripted { updates: Mutex::new(Some(received)), ..Scripted::default() });
        let source = Source { id: OTHER, name: "stdio 4242".to_owned(), control: control.clone(), own: true };
        self.sources.send(SourceChange::Appeared(source)).await.ok().unwrap();
        (control, updates)
    }

    async fn press(&self, keys: &str) {
        for key in keys.chars() {
            let key = KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE);
            self.keys.send(Input::Key(key)).await.unwrap();
        }
    }

    fn frames(&self) -> usize {
        self.frames.load(Ordering::Relaxed)
    }

    async fn exit(self) -> Exit {
        timeout(Duration::from_secs(60), self.ended).await.unwrap().unwrap().unwrap()
    }
}

/// Lets paused time pass.
async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_screen_is_not_drawn_again() {
    let looped = Looped::start();
    pass(Duration::from_secs(1)).await;
    let before = looped.frames();
    pass(Duration::from_secs(600)).await;
    assert_eq!(looped.frames() - before, 0);
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_keys_is_one_frame() {
    let looped = Looped::start();
    pass(Duration::from_secs(1)).await;
    let before = looped.frames();
    looped.press(&"j".repeat(2_000)).await;
    pass(Duration::from_secs(1)).await;
    assert!(looped.frames() - before <= 4, "{}", looped.frames() - before);
}

#[tokio::test(start_paused = true)]
async fn a_running_call_is_drawn_once_a_second_and_old_threads_once_a_minute() {
    let looped = Looped::start();
    let (_control, updates) = looped.attach(other()).await;
    pass(Duration::from_secs(100)).await;
    let before = looped.frames();
    pass(Duration::from_secs(10)).await;
    assert!((9..=11).contains(&(looped.frames() - before)), "{}", looped.frames() - before);

    let calls = vec![call(17, "thinkdeep", None, Stage::Done, 0)];
    updates.send(Update::Delta(Box::new(Delta { calls, ..Delta::default() }))).await.unwrap();
    pass(Duration::from_secs(10)).await;
    let before = looped.frames();
    pass(Duration::from_secs(600)).await;
    assert!(looped.frames() - before <= 41, "{}", looped.frames() - before);
}

#[tokio::test(start_paused = true)]
async fn a_question_answered_with_yes_reaches_the_source() {
    let looped = Looped::start();
    let (control, _updates) = looped.attach(other()).await;
    pass(Duration::from_secs(1)).await;
    looped.press("XXjx").await;
    pass(Duration::from_secs(1)).await;
    looped.press("x").await;
    pass(Duration::from_secs(1)).await;
    assert_eq!(control.asked(), ["cancel 17", "thread 33333333", "expire 33333333"]);
}

/// A stream keeps the waker of the poll that found nothing: one that wakes nobody would leave it unheard.
#[tokio::test(start_paused = true)]
async fn the_keyboard_is_only_polled_by_who_can_be_woken() {
    let deaf = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&deaf);
    let input = stream::poll_fn(move |context| {
        seen.fetch_add(usize::from(context.waker().will_wake(Waker::noop())), Ordering::Relaxed);
        Poll::<Option<io::Result<Input>>>::Pending
    });
    let (_sources, sources) = mpsc::channel(1);
    let (clock, shutdown) = (Clock::anchored(NOW), Shutdown::default());
    let options = options(sources, clock, shutdown);
    let model = Model::new((100, 30), NOW, Theme::new(true), false);
    let running = run_loop::run(model, options, Box::pin(input), Counted::default());
    assert!(timeout(Duration::from_secs(1), running).await.is_err(), "nobody quits");
    assert_eq!(deaf.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn shutdown_leaves_at_once() {
    let looped = Looped::start();
    pass(Duration::from_secs(1)).await;
    looped.shutdown.begin();
    assert_eq!(looped.exit().await, Exit::Shutdown);
}

#[tokio::test(start_paused = true)]
async fn a_person_quits_after_a_question() {
    let looped = Looped::start();
    let (_control, _updates) = looped.attach(other()).await;
    pass(Duration::from_secs(1)).await;
    looped.press("q").await;
    pass(Duration::from_secs(1)).await;
    assert!(!looped.ended.is_finished());
    looped.press("q").await;
    assert_eq!(looped.exit().await, Exit::Quit);
}

#[tokio::test(start_paused = true)]
async fn nobody_finding_processes_any_more_is_no_reason_to_leave_or_to_spin() {
    let Looped { keys, sources, shutdown, frames, ended } = Looped::start();
    drop(sources);
    pass(Duration::from_secs(60)).await;
    assert!(frames.load(Ordering::Relaxed) < 5 && !ended.is_finished());
    shutdown.begin();
    assert_eq!(ended.await.unwrap().unwrap(), Exit::Shutdown);
    drop(keys);
}
