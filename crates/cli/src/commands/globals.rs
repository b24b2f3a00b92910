//! Dumps what belongs to no database of a server, into a file or to standard output.

use pgdumprs::{ConnectParams, Dump, ServerDump};

use crate::args::DumpArgs;
use crate::progress::dump::Teller;
use crate::signal;

/// Dumps the globals of the server that `params` name.
pub(crate) fn run(args: &DumpArgs, params: &ConnectParams) -> anyhow::Result<()> {
    let dump = Dump::with_params(params.clone()).allow_newer_server(args.allow_newer_server);
    let mut dump = args.apply(dump, params)?;
    let mut teller = Teller::new(args.telling.verbosity(), args.telling.progress());
    dump = dump.watch(move |event| teller.tell(&event));
    let dump = args.server.apply(ServerDump::of(dump));
    match args.file() {
        Some(file) => {
            signal::run("script", async { Ok(dump.globals_to_file(file).await?) })?;
        }
        None => {
            signal::run("script", async {
                Ok(dump.globals_to_std_writer(std::io::stdout()).await?)
            })?;
        }
    }
    Ok(())
}
