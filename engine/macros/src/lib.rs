//! The attribute `blocking`, which turns async functions into ordinary ones. The engine's feature of that name applies it.

use core::iter::Peekable;
use proc_macro::{Group, TokenStream, TokenTree};
use std::vec::IntoIter;

/// Makes async functions ordinary ones: `async fn` becomes `fn`, `async move { .. }` a block, `-> impl Future<Output = T>` becomes
/// `-> T`, and every `.await` goes. What the functions call must not be async either.
///
/// It knows the forms that the engine has. An `async` block must be a function's whole body, as `?` and `return` leave the function then.
///
/// A function that never waits takes less code without a state machine.
#[proc_macro_attribute]
pub fn blocking(_: TokenStream, item: TokenStream) -> TokenStream {
    without_async(item)
}

type Tokens = Peekable<IntoIter<TokenTree>>;

fn without_async(item: TokenStream) -> TokenStream {
    let mut rest = item.into_iter().collect::<Vec<_>>().into_iter().peekable();
    let mut out = TokenStream::new();
    while let Some(token) = rest.next() {
        match token {
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), without_async(group.stream()));
                inner.set_span(group.span());
                out.extend([TokenTree::Group(inner)]);
            }
            token if is(&token, "async") && next_is(&mut rest, "fn") => {}
            token if is(&token, "async") && next_is(&mut rest, "move") => drop(rest.next()),
            token if is(&token, ".") && next_is(&mut rest, "await") => drop(rest.next()),
            token if is(&token, "impl") && next_is(&mut rest, "Future") => out.extend(output(&mut rest)),
            token => out.extend([token]),
        }
    }
    out
}

/// The `T` of `Future<Output = T>`, with which `rest` begins.
fn output(rest: &mut Tokens) -> TokenStream {
    let mut depth = 0_i32;
    let mut output = TokenStream::new();
    // `Future`, `<`, `Output`, `=`
    for token in rest.skip(4) {
        let (opens, closes) = (is(&token, "<"), is(&token, ">"));
        if closes && depth == 0 {
            break;
        }
        depth += i32::from(opens) - i32::from(closes);
        output.extend([token]);
    }
    output
}

fn next_is(rest: &mut Tokens, text: &str) -> bool {
    rest.peek().is_some_and(|token| is(token, text))
}

/// True for the word or the sign `text`.
fn is(token: &TokenTree, text: &str) -> bool {
    match token {
        TokenTree::Ident(word) => word.to_string() == text,
        TokenTree::Punct(sign) => text.len() == 1 && text.starts_with(sign.as_char()),
        TokenTree::Group(_) | TokenTree::Literal(_) => false,
    }
}
