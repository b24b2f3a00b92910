//! Dumps a whole server as one script, where the program is called as pg_dumpall.

use anyhow::bail;

use crate::args::dumpall::DumpallArgs;
use crate::commands::all::tell;
use crate::failure::Failure;
use crate::progress::dump::Teller;
use crate::signal;

/// Dumps a server as `args` say.
pub(crate) fn run(args: &DumpallArgs) -> Result<(), Failure> {
    dump(args).map_err(Failure::from)
}

fn dump(args: &DumpallArgs) -> anyhow::Result<()> {
    if args.telling.reports() {
        bail!("option --report is not for a script of a whole server");
    }
    let params = args.connection()?;
    let verbosity = args.telling.verbosity();
    let mut teller = Teller::new(verbosity, args.telling.progress());
    let dump = args.dump(&params, |dump| dump.watch(move |event| teller.tell(&event)))?;
    let dump = dump.watch(move |event| tell(event, verbosity));
    signal::run("script", async {
        match (args.only_globals(), args.file()) {
            (true, Some(file)) => {
                dump.globals_to_file(file).await?;
            }
            (true, None) => {
                dump.globals_to_std_writer(std::io::stdout()).await?;
            }
            (false, Some(file)) => dump.to_script_file(file).await?,
            (false, None) => {
                dump.to_std_writer(std::io::stdout()).await?;
            }
        }
        Ok(())
    })
}
