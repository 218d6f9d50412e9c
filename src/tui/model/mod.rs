//! All that the face knows and shows: what the sources sent, and where the person is. Only `update` changes it; the
//! view reads it.

pub mod activity;
pub mod alerts;
mod body;
pub mod budget;
mod colours;
pub mod compose;
pub mod diff;
pub mod draft;
mod facts;
pub mod form;
pub mod glance;
pub mod help;
mod intake;
mod json;
mod list;
pub mod log;
pub mod models;
pub mod narrowed;
pub mod palette;
pub mod prompt;
pub mod reader;
pub mod rewritten;
pub mod sheet;
pub mod sieve;
pub mod source;
pub mod switches;
pub mod threads;
pub mod waiting;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

pub use intake::line as clean_line;
pub use list::Step;

use self::activity::Activity;
use self::budget::Budget;
use self::colours::Colours;
use self::compose::Compose;
use self::draft::Draft;
use self::form::Form;
use self::glance::Glance;
use self::help::Help;
use self::log::Log;
use self::models::Models;
use self::palette::Palette;
use self::prompt::{Held, Prompt};
use self::reader::Reader;
use self::sheet::Sheet;
use self::source::SourceView;
use self::switches::Switchboard;
use self::threads::{Row, Threads};
use self::waiting::Waiting;
use super::SourceId;
use super::figure;
use super::keymap::Keymap;
use super::keymap::action::Action;
use super::keymap::key::Key;
use super::layout::{Areas, Breadth, areas};
use super::theme::{Role, Theme};
use crate::control::types::{CallSummary, Switchable, ThreadSummary};
use crate::id::{CallId, ThreadId};
use crate::text;
use crate::unit::UnixMillis;

/// How long a toast stands.
const TOAST: Duration = Duration::from_secs(6);

/// The whole state of the face.
#[derive(Clone, Debug)]
pub struct Model {
    pub size: (u16, u16),
    pub now: UnixMillis,
    pub theme: Theme,
    /// Nothing is expired or cancelled from here.
    pub read_only: bool,
    pub screen: Screen,
    pub focus: Focus,
    /// What stands over the screen; the last one has the keys.
    pub overlays: Vec<Overlay>,
    /// The key that began a sequence.
    pub begun: Option<Key>,
    pub keymap: Arc<Keymap>,
    pub toast: Option<Toast>,
    /// In the order in which they appeared.
    pub sources: Vec<SourceView>,
    pub threads: Threads,
    /// What is selected in the list of threads, read.
    pub reader: Option<Reader>,
    pub log: Log,
    pub activity: Activity,
    pub models: Models,
    pub budget: Budget,
    pub glance: Glance,
    pub colours: Colours,
    /// Calls that a person made from here and that have not been answered.
    pub sent: Vec<Sent>,
    /// How many there were.
    pub sends: u64,
    /// A thread that is to be read as soon as its source has told of it.
    pub going_to: Option<Row>,
    /// What was expired from here last, while it may be taken back.
    pub expired: Vec<Held>,
    /// Prompts, answers and messages are not shown.
    pub hidden: bool,
    /// The mouse is ours.
    pub mouse: bool,
    /// Something on screen has changed since the last frame.
    pub redraw: bool,
}

/// The screens, in the order of their tabs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Screen {
    Overview,
    Threads,
    Budget,
    Models,
    Log,
    Activity,
}

impl Screen {
    pub const ALL: [Self; 6] = [Self::Overview, Self::Threads, Self::Budget, Self::Models, Self::Log, Self::Activity];

    pub fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Threads => "Threads",
            Self::Budget => "Budget",
            Self::Models => "Models",
            Self::Log => "Log",
            Self::Activity => "Activity",
        }
    }
}

/// Which part of the threads screen has the keys; in a narrow terminal, which one is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    List,
    Reader,
}

/// What stands over the screen and has the keys first.
#[derive(Clone, Debug)]
pub enum Overlay {
    Help(Help),
    Ask(Question),
    /// The filter of the list on screen, being written in the footer.
    Filter(Draft),
    Palette(Box<Palette>),
    Compose(Box<Compose>),
    Form(Box<Form>),
    Sheet(Box<Sheet>),
    Prompt(Prompt),
    Waiting(Waiting),
    Switches(Switchboard),
}

impl Overlay {
    /// Whether the keys are for a text.
    pub fn is_written(&self) -> bool {
        match self {
            Self::Filter(_) | Self::Palette(_) | Self::Compose(_) | Self::Form(_) | Self::Prompt(_) => true,
            Self::Waiting(waiting) => waiting.draft.is_some(),
            Self::Help(help) => help.searching,
            Self::Ask(_) | Self::Sheet(_) | Self::Switches(_) => false,
        }
    }
}

/// A question with two answers. It holds ids: what moves under it does not change what it is about. What it says is
/// renewed before each frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub about: About,
    pub title: &'static str,
    pub lines: Vec<String>,
    /// What the answer does.
    pub yes: &'static str,
    /// The keys that answer yes: those that asked. Return alone never does.
    pub accept: Action,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    Expire(SourceId, ThreadId),
    ExpireMany(Vec<Held>),
    Cancel(SourceId, CallId),
    SwitchOff(SourceId, Switchable),
    Quit,
}

/// A call that was made from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub number: u64,
    pub source: SourceId,
    pub tool: String,
    /// The thread that it goes on with.
    pub thread: Option<ThreadId>,
    /// The newest call of the source when it was made.
    pub newest: Option<CallId>,
    /// Which call it is, once the source has told of it.
    pub call: Option<CallId>,
    pub given_up: bool,
}

/// A sentence that stands for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    pub role: Role,
    pub text: String,
    pub until: UnixMillis,
}

impl Model {
    pub fn new(size: (u16, u16), now: UnixMillis, theme: Theme, read_only: bool) -> Self {
        Self {
            size,
            now,
            theme,
            read_only,
            screen: Screen::Threads,
            focus: Focus::List,
            overlays: Vec::new(),
            begun: None,
            keymap: Arc::default(),
            toast: None,
            sources: Vec::new(),
            threads: Threads::default(),
            reader: None,
            log: Log::default(),
            activity: Activity::default(),
            models: Models::default(),
            budget: Budget::default(),
            glance: Glance::default(),
            colours: Colours::default(),
            sent: Vec::new(),
            sends: 0,
            going_to: None,
            expired: Vec::new(),
            hidden: false,
            mouse: false,
            redraw: true,
        }
    }

    pub fn areas(&self) -> Areas {
        areas(self.size)
    }

    pub fn source(&self, id: SourceId) -> Option<&SourceView> {
        self.sources.iter().find(|source| source.id == id)
    }

    pub fn source_mut(&mut self, id: SourceId) -> Option<&mut SourceView> {
        self.sources.iter_mut().find(|source| source.id == id)
    }

    /// Whether rows have to say which process they are from.
    pub fn has_many_sources(&self) -> bool {
        self.sources.len() > 1
    }

    pub fn thread(&self, source: SourceId, thread: ThreadId) -> Option<&ThreadSummary> {
        self.source(source)?.threads.get(&thread)
    }

    pub fn call(&self, source: SourceId, call: CallId) -> Option<&CallSummary> {
        self.source(source)?.calls.get(&call)
    }

    /// The call in flight that the row is about, the newest of several.
    pub fn call_in_flight(&self, row: Row) -> Option<&CallSummary> {
        let source = self.source(row.source())?;
        source.in_flight().rev().find(|call| match row {
            Row::Call(_, id) => call.id == id,
            Row::Thread(_, thread) => call.thread == Some(thread),
        })
    }

    /// The question on top, if one is open.
    pub fn question(&self) -> Option<&Question> {
        match self.overlays.last() {
            Some(Overlay::Ask(question)) => Some(question),
            _ => None,
        }
    }

    /// A text that others wrote, unless such texts are hidden.
    pub fn veil<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.hidden { Cow::Owned(veiled(text)) } else { Cow::Borrowed(text) }
    }

    /// What a person writes, unless texts are hidden.
    pub fn veil_draft<'a>(&self, draft: &'a Draft) -> Cow<'a, Draft> {
        if self.hidden { Cow::Owned(draft.with_each(veiled)) } else { Cow::Borrowed(draft) }
    }

    pub fn dropped(&self) -> u64 {
        self.sources.iter().fold(0, |dropped, source| dropped.saturating_add(source.dropped))
    }

    pub fn say(&mut self, role: Role, text: impl Into<String>) {
        self.toast = Some(Toast { role, text: text.into(), until: self.now.plus(TOAST) });
        self.redraw = true;
    }

    /// After how long something on screen reads differently with nothing having happened.
    pub fn changes_in(&self) -> Option<Duration> {
        let areas = self.areas();
        if areas.breadth == Breadth::Notice {
            return None;
        }
        let toast = self.toast.as_ref().map(|toast| toast.until.since(self.now));
        let on_screen = match self.screen {
            Screen::Threads => self.ages_change_in(areas),
            Screen::Overview => self.glance.changes_in(self.now).into_iter().chain(self.ages_change_in(areas)).min(),
            Screen::Budget | Screen::Log | Screen::Models => None,
            Screen::Activity => self.activity.changes_in(&self.sources, self.now),
        };
        // What waits for a person says how long it still will.
        let waits = self.sources.iter().any(|source| !source.paused.is_empty());
        let shown = matches!(self.overlays.last(), Some(Overlay::Waiting(_)));
        let waiting = (waits && shown).then_some(Duration::from_secs(1));
        [toast, on_screen, waiting, self.question_changes_in()].into_iter().flatten().min()
    }

    /// The question before a call is cancelled says for how long it runs.
    fn question_changes_in(&self) -> Option<Duration> {
        match self.question()?.about {
            About::Cancel(source, call) => {
                let call = self.call(source, call)?;
                Some(figure::elapsed_changes_in(self.now.since(call.started)))
            }
            About::Expire(..) | About::ExpireMany(_) | About::SwitchOff(..) | About::Quit => None,
        }
    }

    fn ages_change_in(&self, areas: Areas) -> Option<Duration> {
        let rows = self.threads.rows();
        let seen = self.threads.list.window(rows.len(), areas.thread_rows());
        let list = rows[seen].iter().copied().chain(self.threads.selected()).filter_map(|row| {
            if let Some(call) = self.call_in_flight(row) {
                return Some(figure::elapsed_changes_in(self.now.since(call.started)));
            }
            match row {
                Row::Call(..) => None,
                Row::Thread(source, thread) => {
                    let age = self.now.since(self.thread(source, thread)?.updated);
                    Some(figure::age_changes_in(age))
                }
            }
        });
        list.min()
    }
}

/// What stands in the place of a hidden text: as wide, and without a letter of it.
fn veiled(text: &str) -> String {
    let veil = |word: &str| "░".repeat(text::width(word));
    let line = |line: &str| line.split(' ').map(veil).collect::<Vec<_>>().join(" ");
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}
