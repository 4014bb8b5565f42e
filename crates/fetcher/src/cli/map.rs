//! `map`: rows in, documents out.

use std::io::{self, BufRead, BufWriter, Read, Write};

use mapper::Mapper;

use super::{End, MapArgs};

/// Longest line; a row is at most 4 MiB, what is longer is rejected without being held.
const MAX_LINE: usize = crate::splitter::MAX_ROW + 1;

pub(super) fn map(args: &MapArgs) -> anyhow::Result<End> {
    let Some(dataset) = schema::dataset(&args.dataset) else {
        let names: Vec<_> = schema::catalog().iter().map(|dataset| dataset.definition.name).collect();
        return Ok(End::Usage(format!("unknown dataset `{}`; allowed: {}", args.dataset, names.join(", "))));
    };
    let mut mapper = Mapper::new(dataset);
    mapper.preserve_original(args.preserve_original_event);
    let mut input = io::stdin().lock();
    let mut out = BufWriter::new(io::stdout().lock());
    let (mut line, mut number) = (Vec::new(), 0_u64);
    let (mut documents, mut rejected) = (0_u64, 0_u64);
    while read_line(&mut input, &mut line)? {
        number += 1;
        let row = line.trim_ascii();
        if row.is_empty() {
            continue;
        }
        let mut written = Ok(());
        let mut reject = |reject: &mapper::Reject| {
            rejected += 1;
            let record = reject.record.as_deref().map(|id| format!(" (record {id})")).unwrap_or_default();
            eprintln!("line {number}: rejected{record}: {reject}");
        };
        match mapper.index(row) {
            Ok(row) => mapper.map_items(&row, &mut |result| match result {
                Ok((_, document)) => {
                    documents += 1;
                    if written.is_ok() {
                        written = out.write_all(document).and_then(|()| out.write_all(b"\n"));
                    }
                }
                Err(rejection) => reject(&rejection),
            }),
            Err(rejection) => reject(&rejection),
        }
        written?;
    }
    out.flush()?;
    report(mapper.take_drift());
    eprintln!("{documents} documents, {rejected} rejected");
    Ok(End::Done)
}

fn report(mut drift: Vec<mapper::Drift>) {
    drift.sort_by(|a, b| (a.kind, &a.path).cmp(&(b.kind, &b.path)));
    for mapper::Drift { kind, path, count, record } in drift {
        let record = record.map(|id| format!(", first in record {id}")).unwrap_or_default();
        eprintln!("drift: {kind} {path}: {count}{record}");
    }
}

/// Reads a line without its end; of one that is too long only the beginning, which is then too large to be mapped.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let read = input.by_ref().take(MAX_LINE as u64).read_until(b'\n', line)?;
    if read == MAX_LINE && line.last() != Some(&b'\n') {
        input.skip_until(b'\n')?;
    }
    Ok(read > 0)
}
