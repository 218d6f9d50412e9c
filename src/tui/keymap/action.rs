//! Everything a person can do with a key, once: its name, its keys, what the footer and the help say of it. The keymap,
//! the help, the footer, the palette and the table in the documentation are drawn from here and cannot go out of date.

use crate::tui::model::Screen;

/// What a key can do. Its meaning may depend on the screen; where it has none, it does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    Up,
    Down,
    PageUp,
    PageDown,
    Top,
    Bottom,
    PreviousTurn,
    NextTurn,
    Open,
    Back,
    NextPane,
    PreviousPane,
    Go(Screen),
    Follow,
    Sort,
    Group,
    Filter,
    Palette,
    Compose,
    New,
    Mark,
    MarkAll,
    Unmark,
    Expire,
    Restore,
    Extend,
    Pin,
    Rename,
    Tag,
    Fork,
    Export,
    Cancel,
    Probe,
    Switch,
    SwitchProvider,
    Tools,
    Rules,
    Waiting,
    Theme,
    Hide,
    Mouse,
    CopyText,
    CopyId,
    Redraw,
    Suspend,
    Help,
    Quit,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Described {
    pub action: Action,
    /// What a file of keys and the palette call it.
    pub name: &'static str,
    /// What the footer says.
    pub label: &'static str,
    /// What help says.
    pub says: &'static str,
    pub group: Group,
    /// The keys it has unless a person gave it others.
    pub keys: &'static [&'static str],
}

/// The paragraphs of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Moving,
    Screens,
    Finding,
    Talking,
    Steering,
    Program,
}

impl Group {
    pub const ALL: [Self; 6] =
        [Self::Moving, Self::Screens, Self::Finding, Self::Talking, Self::Steering, Self::Program];

    pub fn title(self) -> &'static str {
        match self {
            Self::Moving => "Moving",
            Self::Screens => "Screens",
            Self::Finding => "Finding",
            Self::Talking => "Talking",
            Self::Steering => "Steering",
            Self::Program => "zen",
        }
    }
}

impl Action {
    /// Its row. Every action has one: a test walks them.
    pub fn described(self) -> Option<&'static Described> {
        ACTIONS.iter().find(|row| row.action == self)
    }
}

const fn row(
    action: Action,
    name: &'static str,
    keys: &'static [&'static str],
    group: Group,
    label: &'static str,
    says: &'static str,
) -> Described {
    Described { action, name, label, says, group, keys }
}

/// All actions, in the order in which help shows them.
pub const ACTIONS: &[Described] = &[
    row(Action::Up, "up", &["up", "k"], Group::Moving, "up", "a row or a line up"),
    row(Action::Down, "down", &["down", "j"], Group::Moving, "down", "a row or a line down"),
    row(Action::PageUp, "page-up", &["pgup", "ctrl-u"], Group::Moving, "page up", "a page up"),
    row(Action::PageDown, "page-down", &["pgdn", "ctrl-d"], Group::Moving, "page down", "a page down"),
    row(Action::Top, "top", &["g g", "home"], Group::Moving, "top", "to the beginning"),
    row(Action::Bottom, "bottom", &["G", "end"], Group::Moving, "end", "to the end, and stay there while more arrives"),
    row(Action::NextTurn, "next-turn", &["J"], Group::Moving, "next turn", "to the next turn"),
    row(Action::PreviousTurn, "previous-turn", &["K"], Group::Moving, "previous turn", "to the turn before"),
    row(Action::Open, "open", &["enter"], Group::Moving, "open", "read the thread, the message or the call"),
    row(Action::Back, "back", &["esc"], Group::Moving, "back", "back, or close what stands on top; never quits"),
    row(Action::NextPane, "next-pane", &["tab"], Group::Moving, "next pane", "to the next pane"),
    row(Action::PreviousPane, "previous-pane", &["shift-tab"], Group::Moving, "pane before", "to the pane before"),
    row(Action::Go(Screen::Overview), "overview", &["1"], Group::Screens, "overview", "everything at a glance"),
    row(Action::Go(Screen::Threads), "threads", &["2"], Group::Screens, "threads", "threads and their turns"),
    row(Action::Go(Screen::Budget), "budget", &["3"], Group::Screens, "budget", "windows and money"),
    row(Action::Go(Screen::Models), "models", &["4"], Group::Screens, "models", "models and how their providers do"),
    row(Action::Go(Screen::Log), "log", &["5"], Group::Screens, "log", "every message in and out"),
    row(
        Action::Go(Screen::Activity),
        "activity",
        &["6"],
        Group::Screens,
        "activity",
        "calls in flight and lately ended",
    ),
    row(Action::Follow, "follow", &["F"], Group::Screens, "follow", "follow the newest message, or stop"),
    row(Action::Sort, "sort", &["s"], Group::Screens, "sort", "order the list by another column"),
    row(Action::Group, "group", &["b"], Group::Screens, "group", "sum what was spent by model, tool or day"),
    row(
        Action::Filter,
        "filter",
        &["/"],
        Group::Finding,
        "filter",
        "narrow the list: words, field:x, !x, ~letters; search this help",
    ),
    row(
        Action::Palette,
        "palette",
        &[":"],
        Group::Finding,
        "command",
        "find an action, a tool, a thread or a model by name",
    ),
    row(
        Action::Compose,
        "compose",
        &["c"],
        Group::Talking,
        "write",
        "write to a model, in the selected thread where there is one",
    ),
    row(Action::New, "new", &["n"], Group::Talking, "new thread", "write to a model in a new thread"),
    row(Action::Mark, "mark", &["space"], Group::Steering, "mark", "mark the thread, or take its mark back"),
    row(Action::MarkAll, "mark-all", &["*"], Group::Steering, "mark all", "mark all threads that the filter lists"),
    row(Action::Unmark, "unmark", &["u"], Group::Steering, "no marks", "take all marks back"),
    row(
        Action::Expire,
        "expire",
        &["x"],
        Group::Steering,
        "expire",
        "end the marked threads, or the selected one; asks first",
    ),
    row(
        Action::Restore,
        "restore",
        &["U"],
        Group::Steering,
        "take back",
        "take the last expiry back, within 10 seconds",
    ),
    row(Action::Extend, "extend", &["e"], Group::Steering, "extend", "let the time of the marked threads begin anew"),
    row(
        Action::Pin,
        "pin",
        &["P"],
        Group::Steering,
        "pin",
        "keep the marked threads until they are expired, or no more",
    ),
    row(Action::Rename, "rename", &["R"], Group::Steering, "rename", "give the thread another title"),
    row(Action::Tag, "tag", &["#"], Group::Steering, "tag", "add tags to the marked threads, or take them away"),
    row(
        Action::Fork,
        "fork",
        &["f"],
        Group::Steering,
        "fork",
        "open a thread that goes on behind the turn that is read, or the last",
    ),
    row(Action::Export, "export", &["E"], Group::Steering, "export", "write the marked threads into files"),
    row(Action::Cancel, "cancel", &["X"], Group::Steering, "cancel", "give up the selected call; asks first"),
    row(Action::Probe, "probe", &["p"], Group::Steering, "probe", "ask the model's provider whether it takes its key"),
    row(
        Action::Switch,
        "switch",
        &["d"],
        Group::Steering,
        "off/on",
        "switch the model, tool or rule off (asks first) or on again",
    ),
    row(
        Action::SwitchProvider,
        "switch-provider",
        &["D"],
        Group::Steering,
        "provider off/on",
        "switch the model's whole provider off (asks first) or on again",
    ),
    row(Action::Tools, "tools", &["t"], Group::Steering, "tools", "the tools and their switches"),
    row(Action::Rules, "rules", &["r"], Group::Steering, "rules", "the interceptors of messages and their switches"),
    row(
        Action::Waiting,
        "waiting",
        &["!"],
        Group::Steering,
        "waiting",
        "decide on the messages that wait for a person",
    ),
    row(Action::CopyText, "copy-text", &["Y"], Group::Program, "copy", "copy the turn or the message that is read"),
    row(Action::CopyId, "copy-id", &["y"], Group::Program, "copy id", "copy the id of what is selected"),
    row(Action::Theme, "theme", &["T"], Group::Program, "theme", "the next of five looks"),
    row(Action::Hide, "hide", &["H"], Group::Program, "hide", "hide all texts, for a shared screen"),
    row(Action::Mouse, "mouse", &["M"], Group::Program, "mouse", "use the mouse here, or leave it to the terminal"),
    row(Action::Redraw, "redraw", &["ctrl-l"], Group::Program, "redraw", "draw the screen anew"),
    row(Action::Suspend, "suspend", &["ctrl-z"], Group::Program, "suspend", "back to the shell; fg returns"),
    row(Action::Help, "help", &["?"], Group::Program, "help", "this help"),
    row(Action::Quit, "quit", &["q", "ctrl-c"], Group::Program, "quit", "quit; may ask first (ctrl-c twice: at once)"),
];
