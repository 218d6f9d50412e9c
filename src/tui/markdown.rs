//! Markdown as models write it, made into blocks that can be wrapped at any width: headings, lists, quotes, code,
//! tables, emphasis and links. Knows no screen and no colours, only roles.

mod table;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use self::table::Table;
use super::theme::Role;
use crate::text;

/// Quotes and lists within each other that are indented; deeper ones stand where the last of these does.
const MAX_DEPTH: usize = 8;
/// Cells that a text has at least; what leaves less loses its indentation.
const MIN_ROOM: usize = 6;
const RULE: &str = "────────";

/// A text read as Markdown.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// All that is shown, without the marks of the language.
    text: String,
    /// What is no plain text, in order and without overlap.
    runs: Vec<Run>,
    blocks: Vec<Block>,
    pub codes: Vec<Code>,
}

/// A stretch of a text that has a role of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub range: Range<usize>,
    pub role: Role,
}

/// A block of code. Its colours come later, by its key.
#[derive(Clone, Debug)]
pub struct Code {
    pub key: CodeKey,
    pub language: String,
    range: Range<usize>,
    pub colours: Option<Arc<[Run]>>,
    /// Its colours are on their way, or cannot be had.
    pub asked: bool,
}

/// Tells blocks of code apart by what stands in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CodeKey(u64);

/// One line at a width.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    block: usize,
    range: Range<usize>,
    /// It is the first of its block, where a bullet stands.
    first: bool,
    /// The place was too narrow for what stands before the text.
    bare: bool,
}

/// What is wrapped as one.
#[derive(Clone, Debug)]
struct Block {
    range: Range<usize>,
    /// Stands before the first line, and before the others; both are as wide.
    first: String,
    rest: String,
    code: Option<usize>,
}

impl Document {
    /// Reads a text that was made harmless. What its entities stand for is made harmless here.
    pub fn parse(source: &str) -> Self {
        let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
        let mut reading = Reading::default();
        for event in Parser::new_ext(source, options) {
            reading.take(event);
        }
        reading.end_block();
        reading.document
    }

    /// The lines at this width.
    pub fn wrap(&self, width: usize) -> Vec<Line> {
        let mut lines = Vec::new();
        for (at, block) in self.blocks.iter().enumerate() {
            let lead = text::width(&block.first);
            let bare = lead > 0 && width < lead + MIN_ROOM;
            let room = if bare { width } else { width - lead };
            let wrapped = text::wrap(&self.text[block.range.clone()], room);
            lines.extend(wrapped.into_iter().enumerate().map(|(row, range)| Line {
                block: at,
                range: block.range.start + range.start..block.range.start + range.end,
                first: row == 0,
                bare,
            }));
        }
        lines
    }

    /// What stands on the line, piece by piece.
    pub fn pieces<'a>(&'a self, line: &Line) -> Vec<(&'a str, Role)> {
        let Some(block) = self.blocks.get(line.block) else { return Vec::new() };
        let mut pieces = Vec::new();
        if !line.bare {
            let lead = if line.first { &block.first } else { &block.rest };
            pieces.push((lead.as_str(), Role::Accent));
        }
        match block.code.and_then(|code| self.codes.get(code)) {
            Some(code) => {
                let within = line.range.start - code.range.start..line.range.end - code.range.start;
                let (text, colours) = (&self.text[code.range.clone()], code.colours.as_deref());
                push_runs(&mut pieces, text, within, colours.unwrap_or_default(), Role::Code);
            }
            None => push_runs(&mut pieces, &self.text, line.range.clone(), &self.runs, Role::Text),
        }
        pieces
    }

    /// The block of code that the line is of.
    pub fn code_of(&self, line: &Line) -> Option<usize> {
        self.blocks.get(line.block)?.code
    }

    pub fn code_text(&self, code: &Code) -> &str {
        &self.text[code.range.clone()]
    }
}

fn push_runs<'a>(pieces: &mut Vec<(&'a str, Role)>, text: &'a str, range: Range<usize>, runs: &[Run], between: Role) {
    let mut at = range.start;
    let first = runs.partition_point(|run| run.range.end <= range.start);
    for run in runs[first..].iter().take_while(|run| run.range.start < range.end) {
        let (start, end) = (run.range.start.max(at), run.range.end.min(range.end));
        if at < start {
            pieces.push((&text[at..start], between));
        }
        pieces.push((&text[start..end], run.role));
        at = end;
    }
    if at < range.end {
        pieces.push((&text[at..range.end], between));
    }
}

/// What stands around a block: a quote, or an item of a list.
struct Container {
    first: String,
    rest: String,
    begun: bool,
}

/// A document that is being read.
#[derive(Default)]
struct Reading {
    document: Document,
    start: usize,
    containers: Vec<Container>,
    /// The number of the next item of each open list; None where they have none.
    lists: Vec<Option<u64>>,
    roles: Vec<Role>,
    links: Vec<(String, usize)>,
    code: Option<String>,
    table: Option<Table>,
    /// The next block stands apart from the one before.
    apart: bool,
}

impl Reading {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.push(&text, self.role()),
            Event::Code(text) => self.push(&text, Role::Code),
            Event::Html(text) | Event::InlineHtml(text) => self.push(&text, Role::Muted),
            Event::SoftBreak => self.push(" ", self.role()),
            Event::HardBreak => self.push("\n", self.role()),
            Event::Rule => {
                self.end_block();
                self.push(RULE, Role::Border);
                self.end_block();
                self.apart = true;
            }
            Event::TaskListMarker(done) => self.push(if done { "[x] " } else { "[ ] " }, Role::Accent),
            Event::FootnoteReference(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.push(&text, self.role());
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.end_block(),
            Tag::Heading { .. } => {
                self.end_block();
                self.roles.push(Role::Heading);
            }
            Tag::BlockQuote(_) => {
                self.end_block();
                self.contain("▏ ", "▏ ");
            }
            Tag::CodeBlock(kind) => {
                self.end_block();
                let language = match &kind {
                    CodeBlockKind::Fenced(info) => info.split([' ', ',', '{']).next().unwrap_or_default(),
                    CodeBlockKind::Indented => "",
                };
                self.code = Some(language.to_owned());
                self.contain("│ ", "│ ");
            }
            Tag::List(number) => {
                self.end_block();
                self.lists.push(number);
            }
            Tag::Item => {
                self.end_block();
                let mark = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        let mark = format!("{number}. ");
                        *number = number.saturating_add(1);
                        mark
                    }
                    _ => "• ".to_owned(),
                };
                self.contain(&mark, &" ".repeat(text::width(&mark)));
            }
            Tag::Table(_) => {
                self.end_block();
                self.table = Some(Table::default());
            }
            Tag::Emphasis => self.roles.push(Role::Emphasis),
            Tag::Strong => self.roles.push(Role::Strong),
            Tag::Strikethrough => self.roles.push(Role::Muted),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.links.push((text::sanitise_line(&dest_url).into_owned(), self.document.text.len()));
                self.roles.push(Role::Link);
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => {
                self.end_block();
                self.apart = true;
            }
            TagEnd::Heading(_) => {
                self.roles.pop();
                self.end_block();
                self.apart = true;
            }
            TagEnd::BlockQuote(_) => {
                self.end_block();
                self.containers.pop();
                self.apart = true;
            }
            TagEnd::CodeBlock => {
                self.end_code();
                self.containers.pop();
                self.apart = true;
            }
            TagEnd::List(_) => {
                self.end_block();
                self.lists.pop();
                self.apart |= self.lists.is_empty();
            }
            TagEnd::Item => {
                self.end_block();
                self.containers.pop();
            }
            TagEnd::TableCell | TagEnd::TableRow | TagEnd::TableHead => self.end_of_cells(tag),
            TagEnd::Table => self.end_table(),
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => drop(self.roles.pop()),
            TagEnd::Link | TagEnd::Image => self.end_link(),
            _ => {}
        }
    }

    fn role(&self) -> Role {
        match self.roles.last() {
            Some(role) => *role,
            None if self.containers.iter().any(|container| container.first == "▏ ") => Role::Muted,
            None => Role::Text,
        }
    }

    fn contain(&mut self, first: &str, rest: &str) {
        let (first, rest) = if self.containers.len() < MAX_DEPTH { (first, rest) } else { ("", "") };
        self.containers.push(Container { first: first.to_owned(), rest: rest.to_owned(), begun: false });
    }

    fn push(&mut self, said: &str, role: Role) {
        if let Some(table) = &mut self.table {
            return table.push(&text::sanitise_line(said));
        }
        if self.document.text.len() == self.start && self.code.is_none() {
            self.stand_apart();
        }
        let start = self.document.text.len();
        self.document.text.push_str(&text::sanitise(said));
        let range = start..self.document.text.len();
        if role == Role::Text || range.is_empty() || self.code.is_some() {
            return;
        }
        match self.document.runs.last_mut() {
            Some(last) if last.role == role && last.range.end == start => last.range.end = range.end,
            _ => self.document.runs.push(Run { range, role }),
        }
    }

    /// A free line, where one is due.
    fn stand_apart(&mut self) {
        if std::mem::take(&mut self.apart) && !self.document.blocks.is_empty() {
            let rest: String = self.containers.iter().filter(|one| one.begun).map(|one| one.rest.as_str()).collect();
            let (range, rest) = (self.start..self.start, rest.trim_end().to_owned());
            self.document.blocks.push(Block { range, first: rest.clone(), rest, code: None });
        }
    }

    fn end_block(&mut self) {
        let end = self.document.text.len();
        if end > self.start {
            self.add(self.start..end, None);
        }
        self.start = end;
    }

    fn add(&mut self, range: Range<usize>, code: Option<usize>) {
        let mut first = String::new();
        for container in &mut self.containers {
            first.push_str(if container.begun { &container.rest } else { &container.first });
            container.begun = true;
        }
        let rest = self.containers.iter().map(|container| container.rest.as_str()).collect();
        self.document.blocks.push(Block { range, first, rest, code });
    }

    fn end_code(&mut self) {
        let Some(language) = self.code.take() else { return };
        let text = &self.document.text[self.start..];
        let range = self.start..self.start + text.trim_end_matches('\n').len();
        let mut hasher = DefaultHasher::new();
        (&language, &self.document.text[range.clone()]).hash(&mut hasher);
        let key = CodeKey(hasher.finish());
        let at = self.document.codes.len();
        self.stand_apart();
        self.document.codes.push(Code { key, language, range: range.clone(), colours: None, asked: false });
        self.add(range, Some(at));
        self.start = self.document.text.len();
    }

    /// Says where a link leads, unless it says so itself.
    fn end_link(&mut self) {
        self.roles.pop();
        let Some((leads_to, from)) = self.links.pop() else { return };
        let says = self.document.text.get(from..).unwrap_or_default();
        if self.table.is_none() && !leads_to.is_empty() && !leads_to.ends_with(says) {
            self.push(&format!(" ({leads_to})"), Role::Muted);
        }
    }

    fn end_of_cells(&mut self, tag: TagEnd) {
        let Some(table) = &mut self.table else { return };
        if tag == TagEnd::TableCell { table.end_cell() } else { table.end_row() }
    }

    fn end_table(&mut self) {
        let Some(table) = self.table.take() else { return };
        for (row, line) in table.lines().into_iter().enumerate() {
            self.push(&line, if row == 0 { Role::Strong } else { Role::Text });
            self.end_block();
        }
        self.apart = true;
    }
}

#[cfg(test)]
mod tests;
