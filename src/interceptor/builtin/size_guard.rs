//! Refuses messages that are larger than is agreed on for their direction and method. Asked only about those that are, so
//! that the others cost one comparison.

use std::sync::Arc;

use crate::config::parse_size;
use crate::interceptor::decider::Decision;
use crate::interceptor::filter::Glob;
use crate::interceptor::{Action, Decider, Direction, Filter, Message, Registration};

struct SizeGuard {
    limit: usize,
}

/// One guard for each of `limits`, which read `in tools/call 1MiB`: a direction, a method in which `*` stands for any
/// text, and a size.
///
/// # Errors
///
/// Everything that is wrong with any of them.
pub fn guards(limits: &[String]) -> Result<Vec<Registration>, Vec<String>> {
    let (mut guards, mut wrong) = (Vec::new(), Vec::new());
    for limit in limits {
        match read(limit) {
            Some((direction, method, limit)) => {
                let methods = vec![Glob::new(method)];
                let filter = Filter { methods, larger_than: Some(limit), ..Filter::only(direction) };
                guards.push(Registration::new("size guard", Arc::new(SizeGuard { limit })).filtered(filter));
            }
            None => wrong.push(format!(
                "interceptors.max_bytes: {:?} is not a direction, a method and a size, such as \"in tools/call 1MiB\" or \
                 \"out * 8MiB\"",
                limit.chars().take(60).collect::<String>()
            )),
        }
    }
    if wrong.is_empty() { Ok(guards) } else { Err(wrong) }
}

fn read(limit: &str) -> Option<(Direction, &str, usize)> {
    let mut words = limit.split_whitespace();
    let direction = match words.next()? {
        "in" => Direction::In,
        "out" => Direction::Out,
        _ => return None,
    };
    let method = words.next()?;
    let size = usize::try_from(parse_size(words.next()?)?).ok()?;
    words.next().is_none().then_some((direction, method, size))
}

impl Decider for SizeGuard {
    fn decide<'a>(&'a self, message: &'a Message) -> Decision<'a> {
        let (bytes, limit) = (message.bytes.len(), self.limit);
        Box::pin(async move {
            Ok(Action::Block(format!("{bytes} bytes are more than such a message may have here ({limit}): send less")))
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::id::ConnectionId;
    use crate::interceptor::{Chain, Verdict};
    use crate::mcp::envelope::Envelope;

    #[tokio::test]
    async fn only_what_is_too_large_for_its_method_is_refused() {
        let mut chain = Chain::default();
        for guard in guards(&["in tools/* 50B".to_owned()]).unwrap() {
            chain.register(guard);
        }
        let passes = async |method: &str| {
            let bytes = Bytes::from(format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{}}}}"#));
            let message = Message::incoming(ConnectionId(1), "stdio", bytes.clone(), &Envelope::parse(&bytes));
            matches!(chain.pass(message).await, Verdict::Passed(_))
        };
        assert!(passes("prompts/list").await && !passes("tools/list").await);
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let limits = ["in * 1MiB", "up * 1MiB", "in * much", "in *", "out a b 1B"].map(str::to_owned);
        assert_eq!(guards(&limits).err().map(|wrong| wrong.len()), Some(4));
    }
}
