@echo off
rem SPAG-4D on Windows.
rem   run.bat                                   the web page, at http://localhost:7860
rem   run.bat convert panorama.jpg scene.ply    the command line (any "spag4d" command)
rem   run.bat test                              the test suite
rem The first call makes .venv beside this file and installs into it; nothing else on the system is touched.
setlocal
set "ROOT=%~dp0"
set "VENV=%ROOT%.venv"
set "EXTRAS="
if "%~1"=="test" set "EXTRAS=[dev]"

if exist "%VENV%\Scripts\pip.exe" goto install
where py >nul 2>nul
if errorlevel 1 (set "PYTHON=python") else (set "PYTHON=py -3")
%PYTHON% -c "import sys; sys.exit(sys.version_info < (3, 10))" >nul 2>nul
if errorlevel 1 (
    echo Error: Python 3.10 or newer was not found. Install it from python.org, with "Add python.exe to PATH".
    exit /b 1
)
echo Making .venv ...
%PYTHON% -m venv --clear "%VENV%"
if errorlevel 1 (
    echo Error: the virtual environment could not be made.
    exit /b 1
)

:install
rem The stamp holds the requirements that were installed: an interrupted run or newer ones install again.
set "STAMP=%VENV%\installed%EXTRAS%.txt"
set "WANTED=%VENV%\wanted.txt"
copy /b /y "%ROOT%pyproject.toml"+"%ROOT%constraints.txt"+"%ROOT%static\npm\package-lock.json" "%WANTED%" >nul
echo %ROOT%>>"%WANTED%"
fc /b "%WANTED%" "%STAMP%" >nul 2>nul
if not errorlevel 1 goto viewer
echo Installing SPAG-4D into .venv (a few minutes the first time) ...
pushd "%ROOT%"
"%VENV%\Scripts\python.exe" -m pip install --disable-pip-version-check --quiet --constraint constraints.txt --editable ".%EXTRAS%"
if errorlevel 1 (
    popd
    echo Error: the installation stopped, see above. Check the network connection and start again.
    exit /b 1
)
popd
copy /y "%WANTED%" "%STAMP%" >nul

goto start

:viewer
rem What draws scenes in the page could not be fetched at the installation: try again, and go on without it all the same.
if exist "%ROOT%static\vendor\fetched" goto start
pushd "%ROOT%"
"%VENV%\Scripts\python.exe" -m pip install --disable-pip-version-check --quiet --retries 0 --timeout 5 --no-deps --editable . >nul 2>nul
popd

:start
if "%~1"=="" (
    "%VENV%\Scripts\python.exe" -m spag4d serve
    exit /b
)
if "%~1"=="test" goto test
"%VENV%\Scripts\python.exe" -m spag4d %*
exit /b

:test
pushd "%ROOT%"
rem Two workers share the cores.
set "OMP_NUM_THREADS=1"
"%VENV%\Scripts\python.exe" -m pytest %2 %3 %4 %5 %6 %7 %8 %9
set "CODE=%ERRORLEVEL%"
popd
exit /b %CODE%
