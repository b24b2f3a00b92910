//! What a console and the system send to processes on Windows.

use std::io;

use tokio::signal::windows::{
    CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close,
    ctrl_logoff, ctrl_shutdown,
};

use super::Signalled;

/// The exit status of a process that Ctrl-C has ended, STATUS_CONTROL_C_EXIT: what runs batch files asks whether to go on after it.
const CONTROL_C_EXIT: i32 = 0xC000_013A_u32 as i32;

/// The events that ask a process to end.
pub(super) struct Signals {
    ctrl_c: CtrlC,
    ctrl_break: CtrlBreak,
    close: CtrlClose,
    logoff: CtrlLogoff,
    shutdown: CtrlShutdown,
}

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            ctrl_c: ctrl_c()?,
            ctrl_break: ctrl_break()?,
            close: ctrl_close()?,
            logoff: ctrl_logoff()?,
            shutdown: ctrl_shutdown()?,
        })
    }

    /// Waits for the first of the events.
    pub(super) async fn next(&mut self) -> Signalled {
        let name = tokio::select! {
            _ = self.ctrl_c.recv() => "Ctrl-C",
            _ = self.ctrl_break.recv() => "Ctrl-Break",
            _ = self.close.recv() => "the closing of the console",
            _ = self.logoff.recv() => "the end of the user's session",
            _ = self.shutdown.recv() => "the system's shutdown",
        };
        Signalled {
            name,
            exit_status: CONTROL_C_EXIT,
        }
    }
}
