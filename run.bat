@echo off
rem SPAG-4D on Windows, once install.bat was there; it is started first where it was not.
rem   run.bat                                   the web page, in the browser
rem   run.bat convert panorama.jpg scene.ply    the command line (any "spag4d" command)
rem   run.bat test                              the test suite
setlocal EnableExtensions DisableDelayedExpansion
set "ROOT=%~dp0"
set "PYTHON=%ROOT%python_embed\python.exe"
if exist "%ROOT%python_embed\installed.txt" goto ready
call "%ROOT%install.bat" run
if errorlevel 1 exit /b 1

:ready
if "%~1"=="" goto page
if "%~1"=="test" goto test
"%PYTHON%" -m spag4d %*
exit /b %ERRORLEVEL%

:page
"%PYTHON%" -m spag4d serve --open
set "CODE=%ERRORLEVEL%"
if not "%CODE%"=="0" if not defined SPAG4D_UNATTENDED pause
exit /b %CODE%

:test
"%PYTHON%" "%ROOT%release\installer.py" "%ROOT%." tests
if errorlevel 1 exit /b 1
pushd "%ROOT%"
rem Two workers share the cores.
set "OMP_NUM_THREADS=1"
"%PYTHON%" -m pytest %2 %3 %4 %5 %6 %7 %8 %9
set "CODE=%ERRORLEVEL%"
popd
exit /b %CODE%
