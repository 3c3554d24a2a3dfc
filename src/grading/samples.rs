//! Public samples for a starter kit: what went through the pipes while a right solution was graded.
//!
//! [`Tap`] lies between harness and subject and keeps whole frames; `choose` takes a few of each
//! operation and makes the file of them. Read by `testat/try_.py` and by `testat_kit::samples`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use serde_json::{Map, Value};

use super::harness::{HarnessEnds, SubjectEnds, pipes};

/// At most so many samples of one operation, and no more once they hold so many bytes.
const SAMPLES: usize = 4;
const BYTES: usize = 96 << 10;

/// A frame's body, and whether it was a request.
#[derive(Debug)]
struct Frame {
    request: bool,
    body: Vec<u8>,
}

/// Copies what goes through, both ways.
#[derive(Debug)]
pub struct Tap {
    to: Sender<Frame>,
    frames: Mutex<Receiver<Frame>>,
}

impl Default for Tap {
    fn default() -> Self {
        let (to, frames) = channel();
        Self { to, frames: Mutex::new(frames) }
    }
}

impl Tap {
    /// Pipes as [`pipes`] makes them, with a copy kept of every frame.
    pub fn pipes(&self) -> io::Result<(HarnessEnds, SubjectEnds)> {
        let (harness, near) = pipes()?;
        let (far, subject) = pipes()?;
        self.relay(near.stdin, far.requests, true);
        self.relay(far.replies, near.stdout, false);
        Ok((harness, subject))
    }

    /// Ends with either pipe, so that each side sees the other go.
    fn relay(&self, from: OwnedFd, to: OwnedFd, request: bool) {
        let (mut from, mut to, kept) = (File::from(from), File::from(to), self.to.clone());
        thread::spawn(move || {
            while let Ok(body) = read_frame(&mut from) {
                let length = (body.len() as u32).to_le_bytes();
                let passed_on = to.write_all(&length).and_then(|()| to.write_all(&body));
                if passed_on.is_err() || kept.send(Frame { request, body }).is_err() {
                    return;
                }
            }
        });
    }

    /// The samples among all that has gone through.
    ///
    /// # Errors
    /// Something that is no message.
    pub fn samples(self) -> Result<Vec<u8>, Odd> {
        drop(self.to);
        choose(self.frames.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter())
    }
}

fn read_frame(from: &mut File) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let mut body = Vec::new();
    let length = u64::from(u32::from_le_bytes(length));
    if from.take(length).read_to_end(&mut body)? as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(body)
}

/// A frame that can't be made a sample. Never a student's: what is recorded is our own solution.
#[derive(Debug, thiserror::Error)]
#[error("what went through the pipes can't be made samples: {0}")]
pub struct Odd(&'static str);

/// A message's header and its tensors' bytes.
struct Message {
    header: Map<String, Value>,
    data: Vec<u8>,
}

impl Message {
    fn parse(body: &[u8]) -> Result<Self, Odd> {
        let (length, rest) = body.split_first_chunk::<8>().ok_or(Odd("a short frame"))?;
        let length =
            usize::try_from(u64::from_le_bytes(*length)).map_err(|_| Odd("a long header"))?;
        let (header, data) = rest.split_at_checked(length).ok_or(Odd("a long header"))?;
        let header = serde_json::from_slice(header).map_err(|_| Odd("a header that is no JSON"))?;
        Ok(Self { header, data: data.to_vec() })
    }

    fn fields(&mut self) -> Option<&mut Map<String, Value>> {
        self.header.get_mut("__metadata__")?.as_object_mut()
    }

    fn take_field(&mut self, name: &str) -> String {
        let taken = self.fields().and_then(|fields| fields.remove(name));
        taken.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// The whole frame; keys are sorted, so that the same message is the same bytes.
    fn frame(&self) -> Result<Vec<u8>, Odd> {
        let header = sorted(&self.header);
        let mut header = serde_json::to_vec(&header).map_err(|_| Odd("a header"))?;
        header.resize(header.len().next_multiple_of(8), b' ');
        let length = 8 + header.len() + self.data.len();
        let length = u32::try_from(length).map_err(|_| Odd("a long frame"))?;
        let mut frame = length.to_le_bytes().to_vec();
        frame.extend((header.len() as u64).to_le_bytes());
        frame.extend(header);
        frame.extend(&self.data);
        Ok(frame)
    }
}

/// The same object with its keys in order, whichever order this build of the JSON library keeps.
fn sorted(object: &Map<String, Value>) -> Map<String, Value> {
    let mut entries: Vec<_> = object.iter().collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    let inner = |value: &Value| match value {
        Value::Object(object) => Value::Object(sorted(object)),
        other => other.clone(),
    };
    entries.into_iter().map(|(key, value)| (key.clone(), inner(value))).collect()
}

/// The first requests of each operation that were answered, each followed by its reply.
fn choose(frames: impl Iterator<Item = Frame>) -> Result<Vec<u8>, Odd> {
    let mut asked = BTreeMap::new();
    let mut taken: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut file = Vec::new();
    for frame in frames {
        let mut message = Message::parse(&frame.body)?;
        let id = message.take_field("id");
        if frame.request {
            asked.insert(id, message);
            continue;
        }
        let Some(mut request) = asked.remove(&id) else { continue };
        request.take_field("v");
        let training = request.take_field("patience") == "training";
        let Some(fields) = request.fields() else { continue };
        let text =
            |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (op, call) = (text("op"), text("call"));
        let answered = message.fields().is_some_and(|fields| !fields.contains_key("error"));
        if op == "hello" || !answered {
            continue;
        }
        let (count, bytes) = taken.entry(op).or_default();
        if *count > 0 && (*count >= SAMPLES || training || *bytes >= BYTES) {
            continue;
        }
        *count += 1;
        *bytes += request.data.len() + message.data.len();
        if training || call.contains(":state") {
            set_free(&mut message);
        }
        file.extend(request.frame()?);
        file.extend(message.frame()?);
    }
    Ok(file)
}

/// Right solutions differ here: names, shapes and types alone are kept.
fn set_free(reply: &mut Message) {
    reply.data.fill(0);
    if let Some(fields) = reply.fields() {
        fields.insert("values".to_owned(), Value::from("free"));
    }
}

#[cfg(test)]
mod tests {
    use testat_kit::link::Message;

    use super::{Frame, choose};

    fn frame(request: bool, message: &Message) -> Frame {
        Frame { request, body: message.encode(u32::MAX).unwrap()[4..].to_vec() }
    }

    fn exchange(id: &str, op: &str, patience: &str, value: f64) -> [Frame; 2] {
        let request = Message::new()
            .with_field("id", id)
            .with_field("op", op)
            .with_field("call", "f(x) -> y")
            .with_field("patience", patience)
            .with_scalar("x", value);
        let reply = Message::new().with_field("id", id).with_scalar("y", value);
        [frame(true, &request), frame(false, &reply)]
    }

    fn read(mut file: &[u8]) -> Vec<Message> {
        let mut messages = Vec::new();
        while let Some((length, rest)) = file.split_first_chunk::<4>() {
            let (body, rest) = rest.split_at(u32::from_le_bytes(*length) as usize);
            messages.push(Message::decode(body).unwrap());
            file = rest;
        }
        messages
    }

    #[test]
    fn a_few_of_each_operation_are_taken_and_one_training_without_its_values() {
        let mut frames: Vec<Frame> = Vec::new();
        for at in 0..9 {
            frames.extend(exchange(&at.to_string(), "p1.f", "ordinary", 3.0));
        }
        frames.extend(exchange("10", "p1.train", "training", 5.0));
        frames.extend(exchange("11", "p1.train", "training", 6.0));
        let messages = read(&choose(frames.into_iter()).unwrap());
        assert_eq!(messages.len(), 2 * (4 + 1));
        assert_eq!(messages[0].field("call"), Some("f(x) -> y"));
        assert_eq!((messages[0].field("id"), messages[0].field("patience")), (None, None));
        assert_eq!(messages[1].scalar("y"), Ok(3.0));
        assert_eq!((messages[9].field("values"), messages[9].scalar("y")), (Some("free"), Ok(0.0)));
    }

    #[test]
    fn the_same_conversation_gives_the_same_file() {
        let once = || choose(exchange("1", "p1.f", "ordinary", 3.0).into_iter()).unwrap();
        assert_eq!(once(), once());
    }
}
