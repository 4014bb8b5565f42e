//! `map`: rows in, documents out.

mod values;

use std::io::{self, BufWriter, Write};

use mapper::Mapper;

use self::values::Values;
use super::{End, MapArgs, print};

pub(super) fn map(args: &MapArgs) -> anyhow::Result<End> {
    let Some(dataset) = schema::dataset(&args.dataset) else {
        let names: Vec<_> = schema::catalog().iter().map(|dataset| dataset.definition.name).collect();
        return Ok(End::Usage(format!("unknown dataset `{}`; allowed: {}", args.dataset, names.join(", "))));
    };
    let mut mapper = Mapper::new(dataset);
    mapper.preserve_original(args.preserve_original_event);
    let mut values = Values::new(io::stdin().lock(), json_stream::MAX_ROW);
    let mut out = BufWriter::new(print::documents());
    let (mut documents, mut rejected) = (0_u64, 0_u64);
    while let Some((line, row)) = values.next()? {
        let mut written = Ok(());
        let mut reject = |reject: &mapper::Reject| {
            rejected += 1;
            let record = reject.record.as_deref().map(|id| format!(" (record {id})")).unwrap_or_default();
            // Nobody reads what cannot be written.
            let _ = print::err().line(format_args!("line {line}: rejected{record}: {reject}"));
        };
        match mapper.index(row.trim_ascii()) {
            Ok(row) => mapper.map_items(&row, &mut |result| match result {
                Ok((_, document)) => {
                    documents += 1;
                    if written.is_ok() {
                        written = out.write_all(&[document, b"\n"].concat());
                    }
                }
                Err(rejection) => reject(&rejection),
            }),
            Err(rejection) => reject(&rejection),
        }
        written?;
    }
    out.flush()?;
    report(mapper.take_drift())?;
    let mut err = print::err();
    err.line(format_args!("{documents} documents, {rejected} rejected"))?;
    if values.is_empty() {
        err.line("nothing could be read: standard input holds no JSON")?;
    }
    Ok(if rejected > 0 || values.is_empty() { End::Failed } else { End::Done })
}

fn report(mut drift: Vec<mapper::Drift>) -> io::Result<()> {
    drift.sort_by(|a, b| (a.kind, &a.path).cmp(&(b.kind, &b.path)));
    let mut err = print::err();
    for mapper::Drift { kind, path, count, record } in drift {
        let record = record.map(|id| format!(", first in record {id}")).unwrap_or_default();
        err.line(format_args!("drift: {kind} {path}: {count}{record}"))?;
    }
    Ok(())
}
