@echo off
rem Installs SPAG-4D into this folder: double-click it. Nothing outside of this folder is changed, and it can be started again at
rem any time: what is done is not done twice. This file brings a Python, release\installer.py does the rest.
rem SPAG4D_PYTHON_URL names a mirror of https://www.python.org/ftp/python; with SPAG4D_UNATTENDED set nothing is asked.
setlocal EnableExtensions DisableDelayedExpansion
set "ROOT=%~dp0"
set "HOME_OF_PYTHON=%ROOT%python_embed"
set "TOOLS=%SystemRoot%\System32"
set "VERSION=3.12.10"
rem As python.org states it in the SPDX file that lies beside the zip.
set "SHA256=4acbed6dd1c744b0376e3b1cf57ce906f9dc9e95e68824584c8099a63025a3c3"
set "NAME=python-%VERSION%-embed-amd64.zip"
set "ZIP=%ROOT%%NAME%"
if not defined SPAG4D_PYTHON_URL set "SPAG4D_PYTHON_URL=https://www.python.org/ftp/python"
set "URL=%SPAG4D_PYTHON_URL%/%VERSION%/%NAME%"

if not exist "%ROOT%release\installer.py" (
    echo Error: release\installer.py is missing.
    echo Extract the whole zip first, then double-click install.bat in the folder that comes of it.
    goto failed
)
if exist "%HOME_OF_PYTHON%\python.exe" goto install
if /i "%PROCESSOR_ARCHITECTURE%"=="x86" if not defined PROCESSOR_ARCHITEW6432 (
    echo Error: this is a 32-bit Windows. SPAG-4D needs a 64-bit Windows 10 or 11.
    goto failed
)
if exist "%HOME_OF_PYTHON%" (
    echo Error: the folder python_embed is there, but holds no python.exe.
    echo Delete python_embed, and start install.bat again.
    goto failed
)
if exist "%ZIP%" goto check
if not exist "%TOOLS%\curl.exe" (
    echo Error: this Windows has no curl.exe; it comes with Windows 10 since 2018.
    goto by_hand
)
echo Downloading Python %VERSION% ...
"%TOOLS%\curl.exe" --fail --location --retry 3 --output "%ZIP%.part" "%URL%"
if errorlevel 1 (
    del "%ZIP%.part" 2>nul
    echo Error: Python could not be downloaded. Check the network connection, and start install.bat again.
    goto by_hand
)
move /y "%ZIP%.part" "%ZIP%" >nul

:check
set "FOUND="
for /f "skip=1 delims=" %%h in ('%TOOLS%\certutil.exe -hashfile "%ZIP%" SHA256') do if not defined FOUND set "FOUND=%%h"
if /i not "%FOUND%"=="%SHA256%" (
    del "%ZIP%"
    echo Error: %NAME% is not the file of python.org: its sha256 is another one. It was deleted.
    echo A proxy or a virus scanner may have changed it. Start install.bat again, perhaps in another network.
    goto failed
)
rd /s /q "%HOME_OF_PYTHON%.new" 2>nul
mkdir "%HOME_OF_PYTHON%.new"
"%TOOLS%\tar.exe" -xf "%ZIP%" -C "%HOME_OF_PYTHON%.new"
if errorlevel 1 (
    echo Error: %NAME% could not be extracted. Check that the disk has room, and start install.bat again.
    goto failed
)
move "%HOME_OF_PYTHON%.new" "%HOME_OF_PYTHON%" >nul
if not exist "%HOME_OF_PYTHON%\python.exe" (
    echo Error: python_embed could not be made. Check that you may write into this folder, and start install.bat again.
    goto failed
)
del "%ZIP%"

:install
"%HOME_OF_PYTHON%\python.exe" "%ROOT%release\installer.py" "%ROOT%."
if errorlevel 1 goto failed
if not defined SPAG4D_UNATTENDED if not "%~1"=="run" pause
exit /b 0

:by_hand
echo Or download it with a browser into the folder of install.bat, and start install.bat again:
echo   %URL%

:failed
echo.
echo SPAG-4D is not installed yet.
if not defined SPAG4D_UNATTENDED pause
exit /b 1
