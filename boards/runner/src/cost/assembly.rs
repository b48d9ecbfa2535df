//! Executed instructions as a text for llvm-mca, which models no jumps, nor Thumb's transfers of several registers.

use core::fmt::Write;

/// The text of AArch64's `executed` instructions. A branch becomes a branch backwards. Addresses relative to the program counter, which
/// llvm-mca rejects as out of range, are replaced.
pub(super) fn aarch64(executed: &[&str]) -> String {
    let mut text = String::new();
    for instruction in executed {
        let (name, operands) = instruction.split_once(' ').unwrap_or((instruction, ""));
        let first = operands.split(',').next().unwrap_or_default();
        let is_literal = operands.split(", ").nth(1).is_some_and(|operand| operand.starts_with("0x"));
        // Writing to a string does not fail.
        let _ = match name.split('.').next() {
            Some("b" | "bl" | "blr" | "br" | "cbnz" | "cbz" | "ret" | "tbnz" | "tbz") => writeln!(text, "b #-8"),
            Some("adr" | "adrp") => writeln!(text, "{name} {first}, #0"),
            Some("ldr") if is_literal => writeln!(text, "ldr {first}, [sp]"),
            _ => writeln!(text, "{instruction}"),
        };
    }
    text
}

/// The text of Thumb's `executed` instructions. Where `pairs` are given, two registers are transferred at a time, else one:
///
/// - a branch becomes one that goes back: taken or not, it is one instruction;
/// - the instructions of low-overhead loops are left out, as the processor executes them once and not in each iteration;
/// - instructions behind an `it` lose their condition, and the `it` is left out;
/// - a transfer of several registers becomes as many transfers: the models take it for one.
pub(super) fn thumb(executed: &[&str], pairs: bool) -> String {
    let mut text = String::new();
    let mut conditional = 0;
    for instruction in executed {
        let (mnemonic, operands) = instruction.split_once(' ').unwrap_or((instruction, ""));
        let (name, width) = mnemonic.split_at(mnemonic.find('.').unwrap_or(mnemonic.len()));
        if name.strip_prefix("it").is_some_and(|rest| rest.bytes().all(|c| matches!(c, b't' | b'e'))) {
            conditional = name.len() - 1;
            continue;
        }
        let name = if conditional > 0 { name.get(..name.len() - 2).unwrap_or(name) } else { name };
        conditional = conditional.saturating_sub(1);
        instruction_text(&mut text, [name, width, operands], pairs);
    }
    text
}

fn instruction_text(text: &mut String, [name, width, operands]: [&str; 3], pairs: bool) {
    if is_branch(name) {
        text.push_str("b #-8\n");
    } else if let Some(transfers) = Transfers::parse(name, operands) {
        transfers.write(text, pairs && !transfers.name.starts_with('v'));
    } else if !matches!(name, "le" | "letp" | "lctp" | "dls" | "dlstp" | "wls" | "wlstp") {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{name}{width} {operands}");
    }
}

fn is_branch(name: &str) -> bool {
    const CONDITIONS: [&str; 16] =
        ["eq", "ne", "cs", "hs", "cc", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le"];
    matches!(name, "b" | "bl" | "blx" | "bx" | "cbz" | "cbnz" | "tbb" | "tbh")
        || name.strip_prefix('b').is_some_and(|condition| CONDITIONS.contains(&condition))
}

/// A transfer of several registers.
struct Transfers<'a> {
    /// The transfer of one register.
    name: &'static str,
    registers: Vec<&'a str>,
    /// The register with the address.
    base: &'a str,
    /// The address moves on.
    moves: bool,
}

impl<'a> Transfers<'a> {
    fn parse(name: &str, operands: &'a str) -> Option<Self> {
        let single = match name {
            "ldrd" | "pop" => "ldr",
            "strd" | "push" => "str",
            "vpop" => "vldr",
            "vpush" => "vstr",
            _ if name.starts_with("ldm") => "ldr",
            _ if name.starts_with("stm") => "str",
            _ if name.starts_with("vldm") => "vldr",
            _ if name.starts_with("vstm") => "vstr",
            _ => return None,
        };
        let (base, registers, moves) = if name.ends_with("rd") {
            let (registers, address) = operands.split_once('[')?;
            let base = address.split([',', ']']).next()?;
            (base, registers, address.ends_with('!') || address.contains("],"))
        } else {
            let (base, registers) = operands.split_once('{')?;
            let base = base.trim_end_matches([' ', ',']);
            if base.is_empty() {
                ("sp", registers, true)
            } else {
                (base.trim_end_matches('!'), registers, base.ends_with('!'))
            }
        };
        let registers = registers.trim_end_matches('}').split(',').map(str::trim).filter(|name| !name.is_empty());
        Some(Transfers { name: single, registers: registers.collect(), base, moves })
    }

    fn write(&self, text: &mut String, pairs: bool) {
        let Transfers { name, base, .. } = self;
        let mut at = 0;
        for registers in self.registers.chunks(if pairs { 2 } else { 1 }) {
            // Writing to a string does not fail.
            let _ = match registers {
                ["pc"] => writeln!(text, "b #-8"),
                [first, "pc"] => writeln!(text, "{name} {first}, [{base}, #{at}]\nb #-8"),
                [first, second] => writeln!(text, "{name}d {first}, {second}, [{base}, #{at}]"),
                _ => writeln!(text, "{name} {}, [{base}, #{at}]", registers.join(", ")),
            };
            at += 4 * registers.len();
        }
        if self.moves {
            let _ = writeln!(text, "add {base}, {base}, #{at}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transfers_come_apart() {
        let load = thumb(&["ldm.w r0!, {r1, r2, r3}"], false);
        assert_eq!(load, "ldr r1, [r0, #0]\nldr r2, [r0, #4]\nldr r3, [r0, #8]\nadd r0, r0, #12\n");
        let load = thumb(&["ldm.w r0, {r1, r2, r3}"], true);
        assert_eq!(load, "ldrd r1, r2, [r0, #0]\nldr r3, [r0, #8]\n");
        assert_eq!(thumb(&["strd r4, r5, [r0, #8]"], false), "str r4, [r0, #0]\nstr r5, [r0, #4]\n");
        assert_eq!(thumb(&["pop {r4, pc}"], false), "ldr r4, [sp, #0]\nb #-8\nadd sp, sp, #8\n");
        assert_eq!(thumb(&["vpush {d8}"], true), "vstr d8, [sp, #0]\nadd sp, sp, #4\n");
        assert_eq!(thumb(&["ldr r0, [r1], #4"], false), "ldr r0, [r1], #4\n");
    }

    #[test]
    fn branches_and_conditions_are_straightened() {
        let text =
            thumb(&["bne.w 0x100", "cbz r0, 0x10", "le lr, 0x20", "bic r0, r1, #3", "bfi r0, r1, #0, #4"], false);
        assert_eq!(text, "b #-8\nb #-8\nbic r0, r1, #3\nbfi r0, r1, #0, #4\n");
        let text = thumb(&["ite ne", "movne r0, #1", "vmoveq.f32 s0, s1", "add r0, r1"], false);
        assert_eq!(text, "mov r0, #1\nvmov.f32 s0, s1\nadd r0, r1\n");
    }

    #[test]
    fn addresses_of_aarch64_come_within_reach() {
        let executed = [
            "b.ne 0x40080f10",
            "ret",
            "tbz w8, #0x3, 0x4008",
            "adrp x8, 0x400a1000",
            "ldr q0, 0x40081230",
            "ldr x0, [x1, #0x8]!",
            "sdot v0.4s, v1.16b, v2.4b[0]",
        ];
        let text = aarch64(&executed);
        assert_eq!(
            text,
            "b #-8\nb #-8\nb #-8\nadrp x8, #0\nldr q0, [sp]\nldr x0, [x1, #0x8]!\nsdot v0.4s, v1.16b, v2.4b[0]\n"
        );
    }
}
