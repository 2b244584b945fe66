//! A guest that signs its answers: the setting `signature` follows the model's text.
#![no_std]

extern crate alloc;

use alloc::string::String;
use realm_guest::{generate as ask, setting, Error, Options};

realm_guest::guest!(run);

fn run(prompt: &str, model: u32, options: Options) -> Result<String, Error> {
    let mut text = ask(model, prompt, &options)?;
    if let Some(signature) = setting("signature") {
        text.push_str(" -- ");
        text.push_str(&signature);
    }
    Ok(text)
}
