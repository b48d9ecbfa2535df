//! `flashlet pack`: the command around [`pack`](super::pack).

use core::fmt::Write;

use super::{Options, PackError, Report};
use crate::cli::PackArgs;
use crate::engine::wait;
use crate::failure::Failure;
use crate::output::print;
use crate::progress::Meter;
use crate::size::show;
use crate::source::ModelFile;
use crate::temporary::Temporary;
use flashlet::session::{self, Model};

/// Runs the command.
pub(crate) fn pack(args: &PackArgs) -> Result<(), Failure> {
    let mut input = ModelFile::open(&args.input)?;
    // Not every file system can map; those that cannot can still read.
    drop(input.map());
    let options = Options { page: args.page, strip: args.strip, checksums: !args.no_checksums, index: !args.no_index };
    let mut meter = Meter::new("pack");
    let temporary = Temporary::new(&args.output);
    let about = |error: PackError| match error {
        PackError::Write(error) => Failure::io(args.output.display(), &error),
        error => Failure::about(args.input.display(), error),
    };
    let report = temporary
        .write(PackError::Write, |out| {
            super::pack(&mut input.source(), &options, out, &mut |done, total| meter.update(done, total))
        })
        .map_err(about)?;
    drop(meter);
    // What cannot be read back is not left behind.
    let mut packed = ModelFile::open(temporary.path())?;
    drop(packed.map());
    let mut source = packed.source();
    let plan =
        wait(async { Model::open(&mut source).await?.plan(&mut source, &session::Options::default(), None).await });
    let plan = plan.map_err(|error| Failure::about(args.output.display(), error))?;
    temporary.keep(&args.output).map_err(|error| Failure::io(args.output.display(), &error))?;
    print(&text(&report, input.size(), plan.index_bytes_in_flash))
}

fn text(report: &Report, before: u64, index_memory: usize) -> String {
    let mut out = String::new();
    let mut line = |step: &str, what: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{step:<10} {what}");
    };
    let [seams, pages, padding] = [report.seams.map(|n| n as u64), report.pages, report.padding];
    line(
        "order",
        format!(
            "{} tensors by use: a streamed pass is {} reads in place of {}",
            report.n_tensors,
            seams[1] + 1,
            seams[0] + 1
        ),
    );
    line(
        "page",
        format!(
            "aligned to {}: a pass touches {} pages in place of {}; {} of padding in place of {}",
            show(report.page.into()),
            pages[1],
            pages[0],
            show(padding[1]),
            show(padding[0])
        ),
    );
    if report.checksum_bytes > 0 {
        line(
            "checksums",
            format!("of {} tensors and all embedding rows: {} more", report.n_tensors, show(report.checksum_bytes)),
        );
    }
    if report.index_bytes > 0 {
        let (flash, memory) = (show(report.index_bytes), show(index_memory as u64));
        line("index", format!("of the vocabulary: {flash} more, and {memory} less of memory where the file is mapped"));
    }
    if !report.stripped.is_empty() {
        let total: u64 = report.stripped.iter().map(|(_, bytes)| bytes).sum();
        line("strip", format!("{} keys that no board reads: {} less", report.stripped.len(), show(total)));
        for (key, bytes) in &report.stripped {
            line("", format!("  {key} ({})", show(*bytes)));
        }
    }
    line("file", format!("{} bytes in place of {before}", report.bytes));
    out
}
