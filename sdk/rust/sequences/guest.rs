//! A guest that uses every function of sequences: a plain continuation, and a fork that may say "one" or "two" only.
#![no_std]
extern crate alloc;

use alloc::string::String;
use realm_guest::sequences::{self, Record, Sequence};
use realm_guest::{Error, Options};

#[no_mangle]
pub extern "C" fn on_step(_seq: i32, _records: *const Record, _count: i32) -> i32 {
    sequences::PASS
}

fn run(prompt: &str, model: u32, options: Options) -> Result<String, Error> {
    let s = Sequence::open(model, &options)?;
    s.feed(prompt, true)?;
    s.top(2)?;
    let f = s.fork()?;
    let mut a = s.generate(6)?;
    f.grammar(Some(sequences::grammar(model, sequences::Kind::Choices, "one\ntwo")?))?;
    a.push('|');
    a.push_str(&f.generate(6)?);
    let n = sequences::vocabulary(model, |_, _, _, _| {})?;
    if n != 128 || sequences::tokenize(model, "abc")?.len() != 3 || s.score(&[97, 98])?.len() != 2 {
        return Err(Error(-1));
    }
    s.rollback(2)?;
    s.mask(&[u32::MAX; 4], true)?;
    s.close()?;
    Ok(a)
}

realm_guest::guest!(run);
