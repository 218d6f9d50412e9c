//! The paths of the control API, once: the client writes what the server reads.

use hyper::Method;

use super::types::{Form, MessageText, TurnText};
use crate::id::{CallId, MessageSeq, PauseId, ThreadId};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    Hello,
    Watch,
    Thread(ThreadId),
    Expire(ThreadId),
    Act,
    Search,
    Export { thread: ThreadId, form: Form },
    Import,
    TurnText { thread: ThreadId, turn: u32, which: TurnText, from: u64 },
    Call,
    Paths,
    Probe,
    Cancel(CallId),
    LiveText { call: CallId, from: u64 },
    Message(MessageSeq),
    MessageText { seq: MessageSeq, which: MessageText, from: u64 },
    Models,
    SwitchModel,
    Tools,
    Toolbox,
    SwitchTool,
    Spending,
    Paused,
    PausedText { pause: PauseId, from: u64 },
    Resolve(PauseId),
    Interceptors,
    Switch,
    Metrics,
}

impl Route {
    pub fn method(&self) -> Method {
        match self {
            Self::Expire(_) | Self::Cancel(_) => Method::DELETE,
            Self::Call
            | Self::Paths
            | Self::Probe
            | Self::Resolve(_)
            | Self::Switch
            | Self::SwitchTool
            | Self::SwitchModel
            | Self::Act
            | Self::Search
            | Self::Import => Method::POST,
            Self::Hello
            | Self::Watch
            | Self::Thread(_)
            | Self::Export { .. }
            | Self::TurnText { .. }
            | Self::LiveText { .. }
            | Self::Message(_)
            | Self::MessageText { .. }
            | Self::Models
            | Self::Tools
            | Self::Toolbox
            | Self::Spending
            | Self::Paused
            | Self::PausedText { .. }
            | Self::Interceptors
            | Self::Metrics => Method::GET,
        }
    }

    /// Path and query.
    pub fn path(&self) -> String {
        match self {
            Self::Hello => "/v1/hello".to_owned(),
            Self::Watch => "/v1/watch".to_owned(),
            Self::Thread(thread) | Self::Expire(thread) => format!("/v1/threads/{thread}"),
            Self::Act => "/v1/threads".to_owned(),
            Self::Search => "/v1/threads/search".to_owned(),
            Self::Import => "/v1/threads/import".to_owned(),
            Self::Export { thread, form } => format!("/v1/threads/{thread}/export/{}", form.as_str()),
            Self::TurnText { thread, turn, which, from } => {
                format!("/v1/threads/{thread}/turns/{turn}/{}?from={from}", which.as_str())
            }
            Self::Call => "/v1/calls".to_owned(),
            Self::Paths => "/v1/paths".to_owned(),
            Self::Probe => "/v1/providers/probe".to_owned(),
            Self::Cancel(call) => format!("/v1/calls/{call}"),
            Self::LiveText { call, from } => format!("/v1/calls/{call}/text?from={from}"),
            Self::Message(seq) => format!("/v1/messages/{seq}"),
            Self::MessageText { seq, which, from } => format!("/v1/messages/{seq}/{}?from={from}", which.as_str()),
            Self::Models | Self::SwitchModel => "/v1/models".to_owned(),
            Self::Tools => "/v1/tools".to_owned(),
            Self::Toolbox | Self::SwitchTool => "/v1/toolbox".to_owned(),
            Self::Spending => "/v1/spending".to_owned(),
            Self::Paused => "/v1/paused".to_owned(),
            Self::PausedText { pause, from } => format!("/v1/paused/{pause}/text?from={from}"),
            Self::Resolve(pause) => format!("/v1/paused/{pause}"),
            Self::Interceptors | Self::Switch => "/v1/interceptors".to_owned(),
            Self::Metrics => "/v1/metrics".to_owned(),
        }
    }

    /// The route that a request means.
    pub fn parse(method: &Method, path: &str, query: Option<&str>) -> Option<Self> {
        let from = query
            .into_iter()
            .flat_map(|query| query.split('&'))
            .find_map(|pair| pair.strip_prefix("from="))
            .map_or(Some(0), |from| from.parse().ok())?;
        let parts: Vec<_> = path.strip_prefix("/v1/")?.split('/').collect();
        let route = match (method, parts.as_slice()) {
            (&Method::GET, ["hello"]) => Self::Hello,
            (&Method::GET, ["watch"]) => Self::Watch,
            (&Method::GET, ["models"]) => Self::Models,
            (&Method::POST, ["models"]) => Self::SwitchModel,
            (&Method::GET, ["tools"]) => Self::Tools,
            (&Method::GET, ["toolbox"]) => Self::Toolbox,
            (&Method::POST, ["toolbox"]) => Self::SwitchTool,
            (&Method::GET, ["spending"]) => Self::Spending,
            (&Method::GET, ["paused"]) => Self::Paused,
            (&Method::GET, ["paused", pause, "text"]) => Self::PausedText { pause: pause.parse().ok()?, from },
            (&Method::POST, ["paused", pause]) => Self::Resolve(pause.parse().ok()?),
            (&Method::GET, ["interceptors"]) => Self::Interceptors,
            (&Method::POST, ["interceptors"]) => Self::Switch,
            (&Method::GET, ["metrics"]) => Self::Metrics,
            (&Method::GET, ["threads", thread]) => Self::Thread(thread.parse().ok()?),
            (&Method::POST, ["threads"]) => Self::Act,
            (&Method::POST, ["threads", "search"]) => Self::Search,
            (&Method::POST, ["threads", "import"]) => Self::Import,
            (&Method::GET, ["threads", thread, "export", form]) => {
                let form = [Form::Markdown, Form::Json].into_iter().find(|known| known.as_str() == *form)?;
                Self::Export { thread: thread.parse().ok()?, form }
            }
            (&Method::DELETE, ["threads", thread]) => Self::Expire(thread.parse().ok()?),
            (&Method::GET, ["threads", thread, "turns", turn, which]) => Self::TurnText {
                thread: thread.parse().ok()?,
                turn: turn.parse().ok()?,
                which: TurnText::parse(which)?,
                from,
            },
            (&Method::POST, ["calls"]) => Self::Call,
            (&Method::POST, ["paths"]) => Self::Paths,
            (&Method::POST, ["providers", "probe"]) => Self::Probe,
            (&Method::DELETE, ["calls", call]) => Self::Cancel(call.parse().ok()?),
            (&Method::GET, ["calls", call, "text"]) => Self::LiveText { call: call.parse().ok()?, from },
            (&Method::GET, ["messages", seq]) => Self::Message(seq.parse().ok()?),
            (&Method::GET, ["messages", seq, which]) => {
                Self::MessageText { seq: seq.parse().ok()?, which: MessageText::parse(which)?, from }
            }
            _ => return None,
        };
        Some(route)
    }
}

impl TurnText {
    fn as_str(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Answer => "answer",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Prompt, Self::Answer].into_iter().find(|which| which.as_str() == text)
    }
}

impl MessageText {
    fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Before, Self::After].into_iter().find(|which| which.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_read_back_from_what_is_written() {
        let thread = ThreadId::random();
        for route in [
            Route::Hello,
            Route::Watch,
            Route::Thread(thread),
            Route::Expire(thread),
            Route::Act,
            Route::Search,
            Route::Export { thread, form: Form::Markdown },
            Route::Import,
            Route::TurnText { thread, turn: 3, which: TurnText::Answer, from: 17 },
            Route::Call,
            Route::Paths,
            Route::Probe,
            Route::Cancel(CallId(4)),
            Route::LiveText { call: CallId(4), from: 9 },
            Route::Message(MessageSeq(5)),
            Route::MessageText { seq: MessageSeq(5), which: MessageText::After, from: 2 },
            Route::Models,
            Route::SwitchModel,
            Route::Tools,
            Route::Toolbox,
            Route::SwitchTool,
            Route::Spending,
            Route::Paused,
            Route::PausedText { pause: PauseId(3), from: 7 },
            Route::Resolve(PauseId(3)),
            Route::Interceptors,
            Route::Switch,
            Route::Metrics,
        ] {
            let written = route.path();
            let (path, query) = written.split_once('?').map_or((&*written, None), |(path, query)| (path, Some(query)));
            assert_eq!(Route::parse(&route.method(), path, query), Some(route));
        }
    }

    #[test]
    fn what_is_no_route_is_none() {
        for path in ["/", "/v1/", "/v2/hello", "/v1/threads/nonsense", "/v1/messages/-1", "/v1/hello/more"] {
            assert_eq!(Route::parse(&Method::GET, path, None), None, "{path}");
        }
        assert_eq!(Route::parse(&Method::POST, "/v1/hello", None), None);
    }
}
