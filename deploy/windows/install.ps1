#Requires -Version 5.1
#Requires -RunAsAdministrator
<#
.SYNOPSIS
Installs or upgrades backup-session-exporter as a Windows service.

.DESCRIPTION
The program goes to "Program Files", where only administrators can change it. Configuration, secrets,
ledger and log go to "ProgramData", readable for administrators and for the service alone. The
service runs under a virtual account of its own, which has no password and no other rights.

.PARAMETER Release
Folder with the wheel and requirements.lock of a release.

.PARAMETER WinSW
WinSW-x64.exe, version 2.12 or newer, from https://github.com/winsw/winsw/releases.

.PARAMETER Python
python.exe of Python 3.11 or newer that was installed for all users.

.PARAMETER PrometheusAddress
Addresses or networks that may reach port 19741. Without it no firewall rule is made.

.EXAMPLE
.\install.ps1 -Release C:\Downloads\release -WinSW C:\Downloads\WinSW-x64.exe -PrometheusAddress 192.0.2.10
#>
[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory)] [ValidateScript({ Test-Path $_ -PathType Container })] [string] $Release,
    [Parameter(Mandatory)] [ValidateScript({ Test-Path $_ -PathType Leaf })] [string] $WinSW,
    [string] $Python = 'python.exe',
    [string[]] $PrometheusAddress = @()
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$Name = 'backup-session-exporter'
$Account = "NT SERVICE\$Name"
$Program = Join-Path $env:ProgramFiles $Name
$Data = Join-Path $env:ProgramData $Name
$Service = Join-Path $Program "$Name.exe"
$VenvPython = Join-Path $Program 'venv\Scripts\python.exe'

function Invoke-Native {
    # PowerShell does not stop when a program fails, so every exit code is looked at here.
    param([string] $File, [string[]] $Arguments)
    & $File @Arguments
    if ($LASTEXITCODE -ne 0) { throw "$File ended with exit code $LASTEXITCODE" }
}

function Install-Program {
    $wheel = @(Get-ChildItem -Path $Release -Filter 'backup_session_exporter-*.whl')
    if ($wheel.Count -ne 1) { throw "$Release must hold one wheel of the exporter, not $($wheel.Count)" }
    $lock = Join-Path $Release 'requirements.lock'
    if (-not (Test-Path $lock)) { throw "$lock is missing" }
    New-Item -ItemType Directory -Force -Path $Program | Out-Null
    Invoke-Native $Python @('-c', 'import sys; sys.exit(sys.version_info < (3, 11))')
    Invoke-Native $Python @('-m', 'venv', '--clear', (Join-Path $Program 'venv'))
    Invoke-Native $VenvPython @('-m', 'pip', 'install', '--quiet', '--require-hashes', '--requirement', $lock)
    Invoke-Native $VenvPython @('-m', 'pip', 'install', '--quiet', '--no-deps', '--no-index', $wheel[0].FullName)
    Copy-Item -Force -Path $WinSW -Destination $Service
    Copy-Item -Force -Path (Join-Path $PSScriptRoot "$Name.xml") -Destination $Program
}

function Install-Service {
    if (-not (Get-Service -Name $Name -ErrorAction SilentlyContinue)) {
        Invoke-Native $Service @('install')
    }
    # A virtual account exists as soon as a service has the name; it needs no password.
    Invoke-Native 'sc.exe' @('config', $Name, 'obj=', $Account)
    Invoke-Native 'sc.exe' @('sidtype', $Name, 'unrestricted')
}

function Set-DataAccess {
    foreach ($folder in @($Data, "$Data\secrets", "$Data\data", "$Data\logs")) {
        New-Item -ItemType Directory -Force -Path $folder | Out-Null
    }
    # S-1-5-18 is the system, S-1-5-32-544 the administrators, in every language of Windows.
    $full = '*S-1-5-18:(OI)(CI)F', '*S-1-5-32-544:(OI)(CI)F'
    Invoke-Native 'icacls.exe' (@($Data, '/inheritance:r', '/grant:r') + $full + "${Account}:(OI)(CI)RX")
    foreach ($folder in @("$Data\data", "$Data\logs")) {
        Invoke-Native 'icacls.exe' @($folder, '/grant', "${Account}:(OI)(CI)M")
    }
}

function Set-Firewall {
    Remove-NetFirewallRule -Name $Name -ErrorAction SilentlyContinue
    if ($PrometheusAddress.Count -eq 0) { return }
    New-NetFirewallRule -Name $Name -DisplayName 'Backup Session Exporter' -Direction Inbound `
        -Action Allow -Protocol TCP -LocalPort 19741 -RemoteAddress $PrometheusAddress `
        -Service $Name | Out-Null
}

function Start-Exporter {
    $config = Join-Path $Data 'config.yaml'
    if (-not (Test-Path $config)) {
        Write-Host "Write $config and the password files in $Data\secrets, then: Start-Service $Name"
        return
    }
    Invoke-Native $VenvPython @('-m', 'exporter', 'serve', "--config.file=$config", '--config.check')
    Start-Service -Name $Name
    Write-Host 'It serves on http://localhost:19741/'
}

if ($PSCmdlet.ShouldProcess($Name, 'install')) {
    Stop-Service -Name $Name -ErrorAction SilentlyContinue
    Install-Program
    Install-Service
    Set-DataAccess
    Set-Firewall
    Start-Exporter
}
