//! Differences between operating systems: who may read files, which file a name leads to, signals, the control endpoint
//! and core dumps. `unix` and `windows` offer the same names, so that no other module asks which system it runs on.

#[cfg(test)]
mod tests;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use self::unix as system;
#[cfg(windows)]
use self::windows as system;

pub use self::system::access::FileAccess;
pub use self::system::control::{ControlClient, ControlListener, ControlPlace, ControlServer, bind, connect};
pub use self::system::signals::{Reloads, Terminations};
pub use self::system::{FileId, disable_core_dumps, sync_folder};
pub(crate) use self::system::{close_to_others, owner_only_file, owner_only_folder};

/// Name of the socket in the state directory. Windows has a named pipe instead, which lies in no directory.
pub const SOCKET: &str = "control.sock";
/// Name of the file that says where the socket is, if not in the state directory.
pub const POINTER: &str = "control.path";
