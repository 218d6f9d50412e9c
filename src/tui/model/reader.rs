//! The reader: one thread's turns and what is arriving for it, as a column of rows. Texts are wrapped when they arrive
//! or the width changes; drawing takes the rows that are seen.

use std::sync::Arc;

use super::body::Body;
use super::facts::{Fact, facts};
use super::intake;
use super::list::Step;
use super::threads::Row as Shown;
use crate::control::types::{TextSlice, ThreadDetail, TurnDetail, TurnText};
use crate::id::CallId;
use crate::tui::markdown::{CodeKey, Run};

/// Rows below the screen from which the rest of a text is fetched ahead.
const FETCH_AHEAD: usize = 40;

/// What is read.
#[derive(Clone, Debug)]
pub struct Reader {
    pub shown: Shown,
    pub state: Loading,
    pub turns: Vec<Turn>,
    pub live: Vec<Live>,
    rows: Vec<Row>,
    width: usize,
    height: usize,
    scroll: usize,
    /// Stay at the end while more arrives.
    follow: bool,
    /// The detail was asked for and has not come.
    asked: bool,
    /// The thread has changed since the detail was asked for.
    stale: bool,
}

/// How far the turns have come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loading {
    Waiting,
    Here,
    Failed(String),
}

#[derive(Clone, Debug)]
pub struct Turn {
    pub detail: TurnDetail,
    pub prompt: Body,
    pub answer: Option<Body>,
    pub facts: Vec<Fact>,
}

/// A call on this thread, with what has arrived of its reply.
#[derive(Clone, Debug)]
pub struct Live {
    pub call: CallId,
    pub body: Body,
    /// Why it failed.
    pub note: Body,
}

/// A call that the reader is to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveCall {
    pub call: CallId,
    /// Characters of its reply that exist.
    pub characters: u64,
    pub failure: Option<String>,
}

/// One line of the reader. Numbers point into `turns` and `live`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    TurnHead(usize),
    Fact(usize, usize),
    Text(usize, TurnText, usize),
    /// The rest of the text is not here yet.
    Rest(usize, TurnText),
    LiveHead(usize),
    LiveNote(usize, usize),
    LiveText(usize, usize),
    Blank,
}

impl Reader {
    pub fn new(shown: Shown) -> Self {
        Self {
            shown,
            state: Loading::Waiting,
            turns: Vec::new(),
            live: Vec::new(),
            rows: Vec::new(),
            width: 0,
            height: 0,
            scroll: 0,
            follow: false,
            asked: false,
            stale: matches!(shown, Shown::Thread(..)),
        }
    }

    /// Whether the detail has to be fetched now. Says so once.
    pub fn ask(&mut self) -> bool {
        let wanted = self.stale && !self.asked;
        if wanted {
            self.asked = true;
            self.stale = false;
        }
        wanted
    }

    /// Whether turns are on their way that are not shown yet.
    pub fn waits(&self) -> bool {
        self.asked || self.stale
    }

    pub fn thread_changed(&mut self) {
        self.stale = matches!(self.shown, Shown::Thread(..));
    }

    /// Takes the turns. Texts that were fetched further than the detail holds them are kept: a turn does not change.
    pub fn take(&mut self, detail: ThreadDetail) {
        self.asked = false;
        let first = self.state != Loading::Here;
        self.state = Loading::Here;
        let mut known = std::mem::take(&mut self.turns);
        for turn in detail.turns {
            let kept = known.iter().position(|known| known.detail.number == turn.number);
            let kept = kept.map(|at| known.swap_remove(at));
            self.turns.push(Turn::new(turn, kept, self.width));
        }
        self.arrange();
        if first {
            self.open_at_last_turn();
        }
    }

    /// The turns cannot be had. Those that are here stay.
    pub fn fail(&mut self, reason: &str) {
        self.asked = false;
        if self.state != Loading::Here {
            self.state = Loading::Failed(intake::line(reason));
        }
    }

    pub fn take_text(&mut self, turn: u32, which: TurnText, slice: Option<&TextSlice>) {
        let turn = self.turns.iter_mut().find(|known| known.detail.number == turn);
        if let Some(body) = turn.and_then(|turn| turn.body_mut(which)) {
            match slice {
                Some(slice) => body.append(slice),
                None => body.give_up(),
            }
        }
        self.arrange();
    }

    /// The calls that are shown below the turns now. One that is no longer named goes; a new one is followed.
    pub fn set_live(&mut self, calls: Vec<LiveCall>) {
        let before = self.live.len();
        self.live.retain(|live| calls.iter().any(|call| call.call == live.call));
        let mut changed = self.live.len() != before;
        for LiveCall { call, characters, failure } in calls {
            let at = self.live.iter().position(|live| live.call == call).unwrap_or_else(|| {
                let (mut body, mut note) = (Body::markdown(&TextSlice::default()), Body::default());
                body.fit(self.width);
                note.fit(self.width);
                self.live.push(Live { call, body, note });
                self.follow = true;
                changed = true;
                self.live.len() - 1
            });
            let live = &mut self.live[at];
            live.body.grew_to(characters);
            if let Some(failure) = failure.filter(|_| live.note.is_empty()) {
                live.note = Body::whole(failure);
                live.note.fit(self.width);
                changed = true;
            }
        }
        if changed {
            self.arrange();
        }
    }

    pub fn take_live(&mut self, call: CallId, slice: Option<&TextSlice>) {
        if let Some(live) = self.live.iter_mut().find(|live| live.call == call) {
            match slice {
                Some(slice) => live.body.append(slice),
                None => live.body.give_up(),
            }
            self.arrange();
        }
    }

    pub fn fit(&mut self, width: usize, height: usize) {
        self.height = height;
        if self.width != width {
            self.width = width;
            for turn in &mut self.turns {
                turn.fit(width);
            }
            for live in &mut self.live {
                live.body.fit(width);
                live.note.fit(width);
            }
            self.arrange();
        }
        self.scroll = if self.follow { self.last() } else { self.scroll.min(self.last()) };
    }

    /// Texts that the screen will need and that are not here: turn, which text, from where. Each is named once.
    pub fn wanted_texts(&mut self) -> Vec<(u32, TurnText, u64)> {
        let seen = self.rows.iter().skip(self.scroll).take(self.height + FETCH_AHEAD);
        let cut: Vec<_> = seen
            .filter_map(|row| if let Row::Rest(turn, which) = row { Some((*turn, *which)) } else { None })
            .collect();
        cut.into_iter()
            .filter_map(|(turn, which)| {
                let turn = self.turns.get_mut(turn)?;
                let from = turn.body_mut(which)?.ask()?;
                Some((turn.detail.number, which, from))
            })
            .collect()
    }

    /// Blocks of code that the screen shows or will show, without their colours: key, language, text. Each is named once.
    pub fn wanted_colours(&mut self) -> Vec<(CodeKey, String, String)> {
        let seen: Vec<Row> = self.rows.iter().skip(self.scroll).take(self.height + FETCH_AHEAD).copied().collect();
        let wanted = seen.into_iter().filter_map(|row| {
            let Row::Text(turn, which, line) = row else { return None };
            self.turns.get_mut(turn)?.body_mut(which)?.wants_colours(line)
        });
        wanted.collect()
    }

    pub fn take_colours(&mut self, key: CodeKey, colours: &Arc<[Run]>) {
        for answer in self.turns.iter_mut().filter_map(|turn| turn.answer.as_mut()) {
            answer.take_colours(key, colours);
        }
    }

    /// Live texts that have grown: call, from where. Each is named once.
    pub fn wanted_live(&mut self) -> Vec<(CallId, u64)> {
        self.live.iter_mut().filter_map(|live| Some((live.call, live.body.ask()?))).collect()
    }

    pub fn step(&mut self, step: Step) {
        let last = self.last();
        self.scroll = step.from(self.scroll.min(last), last);
        self.follow = step == Step::Bottom || (self.follow && self.scroll == last);
    }

    /// Moves the head of the next or the previous turn to the top.
    pub fn step_turn(&mut self, forward: bool) {
        let heads = |row: &Row| matches!(row, Row::TurnHead(_) | Row::LiveHead(_));
        let found = if forward {
            self.rows.iter().skip(self.scroll + 1).position(heads).map(|at| at + self.scroll + 1)
        } else {
            self.rows[..self.scroll.min(self.rows.len())].iter().rposition(heads)
        };
        if let Some(at) = found {
            self.follow = false;
            self.scroll = at.min(self.last());
        }
    }

    /// The number and the text of the turn that is read, the first that begins on screen or the one that fills it: its
    /// answer, or its prompt where there is none.
    pub fn turn_here(&self) -> Option<(u32, &str)> {
        let head = |row: &Row| if let Row::TurnHead(at) = row { Some(*at) } else { None };
        let above = &self.rows[..self.scroll.min(self.rows.len())];
        let at = self.seen().iter().find_map(head).or_else(|| above.iter().rev().find_map(head));
        let turn = self.turns.get(at.unwrap_or_default())?;
        Some((turn.detail.number, turn.answer.as_ref().unwrap_or(&turn.prompt).text()))
    }

    /// The rows on screen.
    pub fn seen(&self) -> &[Row] {
        let first = self.scroll.min(self.rows.len());
        &self.rows[first..self.rows.len().min(first + self.height)]
    }

    /// The first and the last row on screen, counted from 1, and how many there are.
    pub fn place(&self) -> (usize, usize, usize) {
        (self.scroll + 1, self.rows.len().min(self.scroll + self.height), self.rows.len())
    }

    pub fn follows(&self) -> bool {
        self.follow
    }

    fn last(&self) -> usize {
        self.rows.len().saturating_sub(self.height)
    }

    fn open_at_last_turn(&mut self) {
        if !self.follow {
            self.scroll = self.rows.iter().rposition(|row| matches!(row, Row::TurnHead(_))).unwrap_or_default();
        }
    }

    fn arrange(&mut self) {
        let mut rows = std::mem::take(&mut self.rows);
        rows.clear();
        for (at, turn) in self.turns.iter().enumerate() {
            rows.push(Row::TurnHead(at));
            rows.extend((0..turn.facts.len()).map(|fact| Row::Fact(at, fact)));
            for (which, body) in turn.bodies() {
                rows.push(Row::Blank);
                rows.extend((0..body.lines()).map(|line| Row::Text(at, which, line)));
                if body.missing() > 0 {
                    rows.push(Row::Rest(at, which));
                }
            }
            rows.push(Row::Blank);
        }
        for (at, live) in self.live.iter().enumerate() {
            rows.push(Row::LiveHead(at));
            if !live.note.is_empty() {
                rows.extend((0..live.note.lines()).map(|line| Row::LiveNote(at, line)));
            }
            if !live.body.is_empty() {
                rows.push(Row::Blank);
                rows.extend((0..live.body.lines()).map(|line| Row::LiveText(at, line)));
            }
        }
        if rows.last() == Some(&Row::Blank) {
            rows.pop();
        }
        self.rows = rows;
    }
}

impl Turn {
    fn new(detail: TurnDetail, kept: Option<Self>, width: usize) -> Self {
        let (kept_prompt, kept_answer) = kept.map_or((None, None), |kept| (Some(kept.prompt), kept.answer));
        let mut turn = Self {
            prompt: further(Body::new(&detail.prompt), kept_prompt),
            answer: detail.answer.as_ref().map(|answer| further(Body::markdown(answer), kept_answer)),
            detail: intake::turn(TurnDetail { prompt: TextSlice::default(), answer: None, ..detail }),
            facts: Vec::new(),
        };
        turn.fit(width);
        turn
    }

    pub fn body(&self, which: TurnText) -> Option<&Body> {
        match which {
            TurnText::Prompt => Some(&self.prompt),
            TurnText::Answer => self.answer.as_ref(),
        }
    }

    fn body_mut(&mut self, which: TurnText) -> Option<&mut Body> {
        match which {
            TurnText::Prompt => Some(&mut self.prompt),
            TurnText::Answer => self.answer.as_mut(),
        }
    }

    fn bodies(&self) -> impl Iterator<Item = (TurnText, &Body)> {
        let answer = self.answer.as_ref().map(|answer| (TurnText::Answer, answer));
        [(TurnText::Prompt, &self.prompt)].into_iter().chain(answer)
    }

    fn fit(&mut self, width: usize) {
        self.facts = facts(&self.detail, width);
        self.prompt.fit(width);
        if let Some(answer) = &mut self.answer {
            answer.fit(width);
        }
    }
}

fn further(new: Body, kept: Option<Body>) -> Body {
    kept.filter(|kept| kept.arrived() > new.arrived()).unwrap_or(new)
}
