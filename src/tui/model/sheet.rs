//! A text over the screen, to be read and closed: what a tool answered that left no thread.

use serde_json::Value;

use super::body::Body;
use super::list::Step;
use super::{intake, json};
use crate::text;

#[derive(Clone, Debug)]
pub struct Sheet {
    pub title: String,
    body: Body,
    scroll: usize,
    height: usize,
}

impl Sheet {
    /// A tool's reply is read by its content, where it has one; other JSON is laid out.
    pub fn of_reply(title: &str, reply: &str) -> Self {
        let content = serde_json::from_str::<Value>(reply)
            .ok()
            .and_then(|value| Some(value.get("content")?.as_str()?.to_owned()));
        let text = match content {
            Some(content) => text::sanitise(&content).into_owned(),
            None => {
                let text = text::sanitise(reply);
                json::indented(&text, false).unwrap_or_else(|| text.into_owned())
            }
        };
        Self { title: intake::line(title), body: Body::whole(text), scroll: 0, height: 0 }
    }

    pub fn fit(&mut self, width: usize, height: usize) {
        self.height = height;
        self.body.fit(width);
        self.scroll = self.scroll.min(self.last());
    }

    pub fn step(&mut self, step: Step) {
        self.scroll = step.from(self.scroll, self.last());
    }

    pub fn height(&self) -> usize {
        self.height
    }

    pub fn seen(&self) -> impl Iterator<Item = &str> {
        (self.scroll..self.body.lines().min(self.scroll + self.height)).map(|at| self.body.line(at))
    }

    /// The first and the last line on screen, from 1, and how many there are.
    pub fn place(&self) -> (usize, usize, usize) {
        (self.scroll + 1, self.body.lines().min(self.scroll + self.height), self.body.lines())
    }

    fn last(&self) -> usize {
        self.body.lines().saturating_sub(self.height)
    }
}
