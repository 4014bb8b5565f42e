//! Bodies that were packed for the way: gzip of any number of members, deflate in both of its forms, and layers of them,
//! unpacked as they arrive. The library at hand knows one member only, and takes what follows it for an error.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::write::GzDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use reqwest::Response;
use reqwest::header::{CONTENT_ENCODING, HeaderMap};

use super::{connection_error, ids};
use crate::error::{Error, quoted};

/// Bytes that are handed over at a time, and that are unpacked in one step.
const CHUNK: usize = 64 * 1024;
const STEP: usize = 8 * 1024;
/// Layers of packing.
const MAX_LAYERS: usize = 3;
/// A body that grows more than so many times, and beyond this, is an attack or a defect; pages grow about tenfold.
const MAX_GROWTH: u64 = 300;
const MAX_FREE: u64 = 256 * 1024 * 1024;

/// Why a body could not be read to its end.
#[derive(Debug)]
pub enum BodyError {
    /// The connection.
    Connection(reqwest::Error),
    /// The body is not packed in the way that its header names.
    Packed(String),
}

impl BodyError {
    /// The next answer may be whole.
    pub fn to_error(&self, what: &str) -> Error {
        match self {
            Self::Connection(error) => connection_error(what, error),
            Self::Packed(error) => Error::Transient(format!("{what}: the body cannot be unpacked: {error}")),
        }
    }
}

/// Unpacks one body.
#[derive(Debug)]
pub struct Decoder {
    /// In the order in which they are taken off.
    layers: Vec<Layer>,
    taken: u64,
    given: u64,
}

#[derive(Debug)]
struct Layer {
    kind: Kind,
    input: Bytes,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Gzip,
    Deflate,
}

#[derive(Debug)]
enum State {
    /// Nothing came yet.
    Start,
    Member(Box<GzDecoder<Vec<u8>>>),
    Stream(Box<Decompress>),
    /// A member, or the stream, has ended.
    Ended,
}

impl Decoder {
    /// For a body with these headers; `None` if it is not packed.
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>, String> {
        let mut layers = Vec::new();
        let values = headers.get_all(CONTENT_ENCODING).iter();
        let words: Vec<String> =
            values.map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase()).collect();
        for word in words.iter().flat_map(|value| value.split(',')).map(str::trim) {
            let kind = match word {
                "" | "identity" | "none" => continue,
                "gzip" | "x-gzip" => Kind::Gzip,
                "deflate" => Kind::Deflate,
                other => return Err(quoted(&other.chars().take(40).collect::<String>())),
            };
            layers.insert(0, Layer { kind, input: Bytes::new(), state: State::Start });
        }
        if layers.len() > MAX_LAYERS {
            return Err(format!("{} layers", layers.len()));
        }
        Ok((!layers.is_empty()).then_some(Self { layers, taken: 0, given: 0 }))
    }

    /// Some of what waits to be unpacked; `None` if more has to come first.
    pub fn next_chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        let mut out = Vec::new();
        while out.len() < CHUNK {
            let Some(at) = self.layers.iter().rposition(|layer| !layer.input.is_empty()) else { break };
            let made = self.layers[at].step().map_err(|error| BodyError::Packed(error.to_string()))?;
            self.hand_on(at, made, &mut out);
        }
        self.count(&out)?;
        Ok((!out.is_empty()).then(|| out.into()))
    }

    /// The next of the body arrived; what came before it was unpacked.
    pub fn push(&mut self, chunk: Bytes) {
        self.taken += chunk.len() as u64;
        if let Some(layer) = self.layers.first_mut() {
            layer.input = chunk;
        }
    }

    /// The body has ended: whether it was whole, and what is left of it.
    pub fn finish(&mut self) -> Result<Bytes, BodyError> {
        let failed = |error: io::Error| BodyError::Packed(error.to_string());
        let mut out = Vec::new();
        for at in 0..self.layers.len() {
            while !self.layers[at].input.is_empty() {
                let made = self.layers[at].step().map_err(failed)?;
                self.hand_on(at, made, &mut out);
            }
            let made = self.layers[at].finish().map_err(failed)?;
            self.hand_on(at, made, &mut out);
            self.count(&out)?;
        }
        Ok(out.into())
    }

    fn hand_on(&mut self, at: usize, made: Vec<u8>, out: &mut Vec<u8>) {
        match self.layers.get_mut(at + 1) {
            Some(next) if next.input.is_empty() => next.input = made.into(),
            Some(next) => next.input = [&next.input[..], &made].concat().into(),
            None if out.is_empty() => *out = made,
            None => out.extend_from_slice(&made),
        }
    }

    fn count(&mut self, out: &[u8]) -> Result<(), BodyError> {
        self.given += out.len() as u64;
        if self.given > MAX_FREE && self.given / MAX_GROWTH > self.taken {
            return Err(BodyError::Packed(format!("{} bytes grow to more than {}", self.taken, self.given)));
        }
        Ok(())
    }
}

impl Layer {
    /// Unpacks a piece of its input.
    fn step(&mut self) -> io::Result<Vec<u8>> {
        let piece = &self.input[..self.input.len().min(STEP)];
        match &mut self.state {
            State::Start if self.kind == Kind::Gzip => {
                self.state = State::Member(Box::new(GzDecoder::new(Vec::new())));
                Ok(Vec::new())
            }
            State::Start => {
                // The standard says zlib; some send the bare stream. The first byte of the one names its method and window,
                // and is no usual beginning of the other.
                let is_zlib = self.input[0] & 0x0F == 8 && self.input[0] >> 4 <= 7;
                self.state = State::Stream(Box::new(Decompress::new(is_zlib)));
                Ok(Vec::new())
            }
            State::Member(member) => {
                let count = member.write(piece)?;
                let mut made = std::mem::take(member.get_mut());
                if count == 0 {
                    member.try_finish()?;
                    made.append(member.get_mut());
                    self.state = State::Ended;
                }
                drop(self.input.split_to(count));
                Ok(made)
            }
            State::Stream(stream) => {
                let mut made = Vec::with_capacity(4 * STEP);
                let before = stream.total_in();
                let status = stream.decompress_vec(piece, &mut made, FlushDecompress::None)?;
                let count = usize::try_from(stream.total_in() - before).unwrap_or(piece.len());
                if status == Status::StreamEnd {
                    self.state = State::Ended;
                } else if count == 0 && made.is_empty() {
                    return Err(io::Error::other("the stream does not go on"));
                }
                drop(self.input.split_to(count));
                Ok(made)
            }
            // Another member follows. What is none is passed over: the members before it have proven themselves whole.
            State::Ended if self.kind == Kind::Gzip && self.input[0] == 0x1F => {
                self.state = State::Start;
                Ok(Vec::new())
            }
            State::Ended => {
                self.input.clear();
                Ok(Vec::new())
            }
        }
    }

    fn finish(&mut self) -> io::Result<Vec<u8>> {
        match &mut self.state {
            State::Start | State::Ended => Ok(Vec::new()),
            State::Member(member) => {
                member.try_finish().map_err(|_| io::Error::other("it ends before its end"))?;
                Ok(std::mem::take(member.get_mut()))
            }
            State::Stream(stream) => {
                let mut made = Vec::with_capacity(4 * CHUNK);
                match stream.decompress_vec(&[], &mut made, FlushDecompress::Finish)? {
                    Status::StreamEnd => Ok(made),
                    Status::Ok | Status::BufError => Err(io::Error::other("it ends before its end")),
                }
            }
        }
    }
}

/// An answer that is packed in a way that was not asked for comes from somebody on the way.
pub fn check_encoding(what: &str, response: &Response) -> Result<(), Error> {
    Decoder::of(response.headers()).map(drop).map_err(|encoding| {
        Error::Permanent(format!(
            "{what}: the answer is packed as `{encoding}`, which was not asked for; known are gzip and deflate{}\nhint: a \
             proxy or a gateway packs answers anew: let it leave them as the service packs them",
            ids(response)
        ))
    })
}
