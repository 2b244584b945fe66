//! Sequences: tokens that the guest steers itself.

use crate::{count, Error, Options};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

#[link(wasm_import_module = "env")]
extern "C" {
    fn realm_host_seq_open(model: u32, options: *const u8) -> i32;
    fn realm_host_seq_feed(seq: i32, ptr: *const u8, len: usize, flags: u32) -> i32;
    fn realm_host_seq_start(seq: i32, max_tokens: u32) -> i32;
    fn realm_host_seq_wait(seqs: *const i32, count: usize, timeout_ms: u32) -> i32;
    fn realm_host_seq_take(seq: i32, dst: *mut u8, max: usize) -> i32;
    fn realm_host_seq_info(seq: i32, dst: *mut Info, size: usize) -> i32;
    fn realm_host_seq_top(seq: i32, k: usize, dst: *mut Alternative) -> i32;
    fn realm_host_seq_score(seq: i32, ids: *const u32, count: usize, dst: *mut f32) -> i32;
    fn realm_host_seq_fork(seq: i32) -> i32;
    fn realm_host_seq_rollback(seq: i32, tokens: u32) -> i32;
    fn realm_host_seq_close(seq: i32) -> i32;
    fn realm_host_seq_grammar(seq: i32, grammar: i32) -> i32;
    fn realm_host_seq_allowed(seq: i32, dst: *mut u32, words: usize) -> i32;
    fn realm_host_seq_mask(seq: i32, bits: *const u32, words: usize, flags: u32) -> i32;
    fn realm_host_seq_bias(seq: i32, pairs: *const Bias, count: usize) -> i32;
    fn realm_host_grammar(model: u32, kind: u32, ptr: *const u8, len: usize) -> i32;
    fn realm_host_vocab(model: u32, first: u32, dst: *mut u8, max: usize) -> i32;
    fn realm_host_tokenize(model: u32, ptr: *const u8, len: usize, dst: *mut u32, max: usize) -> i32;
    fn realm_host_pieces(first: u32, dst: *mut u8, max: usize) -> i32;
}

/// None of the sequences has anything yet.
pub const NOT_YET: i32 = -24;

/// A token that might come, or have come.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Alternative {
    pub id: u32,
    pub log_prob: f32,
}

#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Bias {
    pub id: u32,
    pub bias: f32,
}

/// A token as `on_step` gets it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Record {
    pub id: u32,
    /// 0 unless the options asked for `log_probs`.
    pub log_prob: f32,
    text: *const u8,
    len: usize,
}

impl Record {
    /// Its bytes, which may be part of a character.
    pub fn bytes(&self) -> &[u8] {
        unsafe { core::slice::from_raw_parts(self.text, self.len) }
    }
}

/// A token of a sequence that was taken.
#[derive(Clone, Debug)]
pub struct Step {
    pub id: u32,
    pub log_prob: f32,
    pub bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Info {
    /// [`RESTING`], [`GENERATING`], [`ENDED`] or [`FULL`].
    pub state: u32,
    pub length: u32,
    pub untaken: u32,
    pub room: u32,
}

pub const RESTING: u32 = 0;
pub const GENERATING: u32 = 1;
/// It stopped where the model ends.
pub const ENDED: u32 = 2;
/// It stopped at the tokens that were asked for.
pub const FULL: u32 = 3;

/// What `on_step` returns.
pub const PASS: i32 = 0;
pub const SWALLOW: i32 = 1;
pub const STOP: i32 = 2;
pub const ROLLED_BACK: i32 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Gbnf,
    JsonSchema,
    Regex,
    /// Lines of which one is chosen.
    Choices,
}

/// A compiled grammar of this request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grammar(i32);

pub fn grammar(model: u32, kind: Kind, text: &str) -> Result<Grammar, Error> {
    count(unsafe { realm_host_grammar(model, kind as u32, text.as_ptr(), text.len()) }).map(|n| Grammar(n as i32))
}

/// A sequence; it is closed by [`Sequence::close`], or when the guest ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence(pub i32);

fn done(n: i32) -> Result<(), Error> {
    count(n).map(|_| ())
}

impl Sequence {
    pub fn open(model: u32, options: &Options) -> Result<Sequence, Error> {
        count(unsafe { realm_host_seq_open(model, options.0) }).map(|n| Sequence(n as i32))
    }

    /// Adds text; `special`: spellings of special tokens become those.
    pub fn feed(self, text: &str, special: bool) -> Result<usize, Error> {
        count(unsafe { realm_host_seq_feed(self.0, text.as_ptr(), text.len(), if special { 2 } else { 0 }) })
    }

    pub fn feed_ids(self, ids: &[u32]) -> Result<usize, Error> {
        count(unsafe { realm_host_seq_feed(self.0, ids.as_ptr().cast(), ids.len(), 1) })
    }

    /// Lets the model go on by itself.
    pub fn start(self, max_tokens: u32) -> Result<(), Error> {
        done(unsafe { realm_host_seq_start(self.0, max_tokens) })
    }

    pub fn info(self) -> Result<Info, Error> {
        let mut info = Info::default();
        count(unsafe { realm_host_seq_info(self.0, &mut info, core::mem::size_of::<Info>()) }).map(|_| info)
    }

    /// Tokens that came; does not wait.
    pub fn take(self) -> Result<Vec<Step>, Error> {
        let mut room = vec![0u64; 2048];
        let n = count(unsafe { realm_host_seq_take(self.0, room.as_mut_ptr().cast(), room.len() * 8) })?;
        let records = unsafe { core::slice::from_raw_parts(room.as_ptr().cast::<Record>(), n) };
        Ok(records.iter().map(|r| Step { id: r.id, log_prob: r.log_prob, bytes: r.bytes().to_vec() }).collect())
    }

    /// Generates until it stops; all text that came.
    pub fn generate(self, max_tokens: u32) -> Result<String, Error> {
        self.start(max_tokens)?;
        let mut bytes = Vec::new();
        loop {
            let info = self.info()?;
            if info.untaken > 0 {
                self.take()?.iter().for_each(|s| bytes.extend_from_slice(&s.bytes));
            } else if info.state == GENERATING {
                wait(&[self], 1000)?;
            } else {
                return Ok(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
    }

    /// The `k` likeliest next tokens.
    pub fn top(self, k: usize) -> Result<Vec<Alternative>, Error> {
        let mut all = vec![Alternative::default(); k];
        let n = count(unsafe { realm_host_seq_top(self.0, k, all.as_mut_ptr()) })?;
        all.truncate(n);
        Ok(all)
    }

    /// The log-probability of each of these if they came next.
    pub fn score(self, ids: &[u32]) -> Result<Vec<f32>, Error> {
        let mut scores = vec![0f32; ids.len()];
        count(unsafe { realm_host_seq_score(self.0, ids.as_ptr(), ids.len(), scores.as_mut_ptr()) })?;
        Ok(scores)
    }

    pub fn fork(self) -> Result<Sequence, Error> {
        count(unsafe { realm_host_seq_fork(self.0) }).map(|n| Sequence(n as i32))
    }

    /// The last so many tokens never were.
    pub fn rollback(self, tokens: u32) -> Result<(), Error> {
        done(unsafe { realm_host_seq_rollback(self.0, tokens) })
    }

    pub fn close(self) -> Result<(), Error> {
        done(unsafe { realm_host_seq_close(self.0) })
    }

    /// Holds what comes from here on to a grammar.
    pub fn grammar(self, grammar: Option<Grammar>) -> Result<(), Error> {
        done(unsafe { realm_host_seq_grammar(self.0, grammar.map_or(0, |g| g.0)) })
    }

    /// A bit for each token that may come next; `mask` has a word for 32 tokens of the vocabulary.
    pub fn allowed(self, mask: &mut [u32]) -> Result<(), Error> {
        done(unsafe { realm_host_seq_allowed(self.0, mask.as_mut_ptr(), mask.len()) })
    }

    /// Only these may come, next or until it is changed; none takes the mask away.
    pub fn mask(self, bits: &[u32], keep: bool) -> Result<(), Error> {
        done(unsafe { realm_host_seq_mask(self.0, bits.as_ptr(), bits.len(), keep as u32) })
    }

    pub fn bias(self, pairs: &[Bias]) -> Result<(), Error> {
        done(unsafe { realm_host_seq_bias(self.0, pairs.as_ptr(), pairs.len()) })
    }
}

/// The index of the first that has something to take or does not generate; `None` when the time is over.
pub fn wait(sequences: &[Sequence], milliseconds: u32) -> Result<Option<usize>, Error> {
    let handles: Vec<i32> = sequences.iter().map(|s| s.0).collect();
    match unsafe { realm_host_seq_wait(handles.as_ptr(), handles.len(), milliseconds) } {
        NOT_YET => Ok(None),
        n => count(n).map(Some),
    }
}

/// Calls for each token of the vocabulary, with its id, its bytes, and whether it is a control token and whether it ends an output.
pub fn vocabulary(model: u32, mut each: impl FnMut(u32, &[u8], bool, bool)) -> Result<u32, Error> {
    let mut room = vec![0u8; 65536];
    let mut id = 0;
    loop {
        let n = count(unsafe { realm_host_vocab(model, id, room.as_mut_ptr(), room.len()) })? as u32;
        if n == 0 {
            return Ok(id);
        }
        let mut at = 0;
        for _ in 0..n {
            let header = crate::u32_at(&room, at);
            let len = (header & 0xff_ffff) as usize;
            each(id, &room[at + 4..at + 4 + len], header & 1 << 24 != 0, header & 1 << 25 != 0);
            at += 4 + len;
            id += 1;
        }
    }
}

/// The ids of a text.
pub fn tokenize(model: u32, text: &str) -> Result<Vec<u32>, Error> {
    let n = count(unsafe { realm_host_tokenize(model, text.as_ptr(), text.len(), core::ptr::null_mut(), 0) })?;
    let mut ids = vec![0; n];
    count(unsafe { realm_host_tokenize(model, text.as_ptr(), text.len(), ids.as_mut_ptr(), n) })?;
    Ok(ids)
}

/// The alternatives of each token of the last generation from number `first` on, which was asked for `log_probs`.
pub fn alternatives(first: u32) -> Result<Vec<Vec<Alternative>>, Error> {
    let first = first | 1 << 31;
    let all = count(unsafe { realm_host_pieces(first, core::ptr::null_mut(), 0) })? - (first & !(1 << 31)) as usize;
    let mut one = vec![0u8; 16 + 8 * 256];
    count(unsafe { realm_host_pieces(first, one.as_mut_ptr(), one.len()) })?;
    let stride = 16 + 8 * if all == 0 { 0 } else { crate::u32_at(&one, 12) as usize };
    let mut bytes = vec![0u8; all * stride];
    count(unsafe { realm_host_pieces(first, bytes.as_mut_ptr(), bytes.len()) })?;
    Ok(bytes
        .chunks_exact(stride)
        .map(|r| (0..crate::u32_at(r, 12) as usize).map(|i| Alternative { id: crate::u32_at(r, 16 + 8 * i), log_prob: f32::from_bits(crate::u32_at(r, 20 + 8 * i)) }).collect())
        .collect())
}
