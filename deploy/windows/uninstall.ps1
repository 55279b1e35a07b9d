#Requires -Version 5.1
#Requires -RunAsAdministrator
<#
.SYNOPSIS
Removes the service backup-session-exporter and its program.

.PARAMETER RemoveData
Removes configuration, secrets, ledger and log too. What was counted is lost.

.EXAMPLE
.\uninstall.ps1
#>
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
param([switch] $RemoveData)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$Name = 'backup-session-exporter'
$Program = Join-Path $env:ProgramFiles $Name
$Data = Join-Path $env:ProgramData $Name
$Service = Join-Path $Program "$Name.exe"

if ($PSCmdlet.ShouldProcess($Name, 'uninstall')) {
    if (Get-Service -Name $Name -ErrorAction SilentlyContinue) {
        Stop-Service -Name $Name
        & $Service uninstall
        if ($LASTEXITCODE -ne 0) { throw "$Service ended with exit code $LASTEXITCODE" }
    }
    Remove-NetFirewallRule -Name $Name -ErrorAction SilentlyContinue
    if (Test-Path $Program) { Remove-Item -Recurse -Force -Path $Program }
    if ($RemoveData -and (Test-Path $Data)) { Remove-Item -Recurse -Force -Path $Data }
}
