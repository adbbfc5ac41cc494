# After `azd deploy`: where to look. Changes nothing.
$ErrorActionPreference = 'Stop'
Write-Host "Postrum: deployed. Console: $env:POSTRUM_URL"
Write-Host "  Check it from here: postrum doctor --url $env:POSTRUM_URL"
