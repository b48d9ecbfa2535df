//! Unrolled loops.

/// `for $i in [..] { .. }`, written out for the vector instruction set `$I`: compilers leave bodies as long
/// as these in a loop, with shifts and places computed over and over. Where rows go one by one it stays
/// a loop, and small.
macro_rules! unrolled {
    ($I:ident, $i:ident in [$($n:literal),+] $body:block) => {
        if const { $I::ROWS == 1 } {
            for $i in [$($n),+] $body
        } else {
            $({ let $i: usize = $n; $body })+
        }
    };
}
pub(super) use unrolled;
