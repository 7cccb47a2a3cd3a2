"""Functions that a pickle must never reach, each with arguments that would do something."""

from .assembler import Attack, Family, attack, blob, called, integer, listed, named, text

# What a shell, or code, would leave behind where it runs.
TRACE = "ran"
SHELL = f"touch {TRACE}"
CODE = f"open({TRACE!r}, 'w').close()"
# A module of the standard library that nothing imports by itself, and whose import is seen.
MODULE = "pyclbr"

_SHELL = """
    os:system posix:system nt:system os:popen posix:popen nt:popen commands:getoutput popen2:popen3
    subprocess:getoutput subprocess:getstatusoutput platform:popen os.path:os.system pty:spawn asyncio:run
    asyncio.subprocess:create_subprocess_shell pydoc:pipepager pydoc:tempfilepager pexpect:run sh:Command
    distutils.spawn:spawn uuid:_get_command_stdout imaplib:IMAP4_stream webbrowser:get IPython:get_ipython.system
    multiprocessing.util:os.system multiprocessing.popen_fork:os.system shutil:os.system tarfile:os.system
    importlib.metadata:os.system torch.distributed.run:main torch.utils.collect_env:run
"""
_LISTS = """
    subprocess:run subprocess:call subprocess:check_call subprocess:check_output subprocess:Popen os:execv os:execvp
    os:execl os:spawnv os:spawnlp os:posix_spawn posix:execv _posixsubprocess:fork_exec
    multiprocessing.util:spawnv_passfds asyncio:create_subprocess_exec pip:main pip._internal:main
    pip._internal.cli.main:main ensurepip:bootstrap venv:main site:main test.support.script_helper:assert_python_ok
"""
_CODE = """
    builtins:eval builtins:exec builtins:compile __builtin__:eval __builtin__:execfile timeit:timeit timeit:repeat
    timeit:main timeit:Timer pdb:run pdb:runeval pdb:runctx pdb:Pdb bdb:Bdb.run bdb:Bdb profile:run
    profile:Profile.run cProfile:run cProfile:runctx trace:Trace.run trace:main doctest:debug_script
    doctest:testsource code:interact code:InteractiveInterpreter.runcode codeop:compile_command ast:literal_eval
    idlelib.run:Executive idlelib.pyshell:ModifiedInterpreter.runcommand lib2to3.refactor:RefactoringTool
    _pyrepl.pager:pipe_pager numpy.testing._private.utils:runstring numpy.f2py.crackfortran:myeval
    numpy.f2py.crackfortran:getlincoef pandas:eval pandas.core.computation.eval:eval
    torch.jit.unsupported_tensor_ops:execWrapper torch._inductor.codecache:compile_file
    torch._dynamo.guards:GuardBuilder.get sympy:sympify sympy:lambdify jinja2:Template mako.template:Template
    types:FunctionType types:CodeType types:LambdaType code:compile_command dill._dill:_create_function
    cloudpickle.cloudpickle:_make_function cloudpickle.cloudpickle:_builtin_type collections:namedtuple
    dataclasses:make_dataclass dataclasses:_create_fn enum:Enum typing:get_type_hints
    annotationlib:ForwardRef.evaluate typing:ForwardRef._evaluate inspect:getattr_static string:Formatter.format
"""
_IMPORTS = """
    builtins:__import__ importlib:import_module importlib:__import__ importlib:reload
    importlib._bootstrap:_gcd_import importlib.util:find_spec importlib.util:spec_from_file_location
    importlib.machinery:SourceFileLoader importlib.machinery:ExtensionFileLoader importlib.resources:files
    imp:load_source imp:load_dynamic imp:load_module imp:find_module pkgutil:resolve_name pkgutil:get_loader
    pkgutil:find_loader zipimport:zipimporter runpy:run_module runpy:run_path runpy:_run_code
    modulefinder:ModuleFinder pydoc:locate pydoc:safeimport pydoc:help
    test.support.import_helper:import_fresh_module test.support:run_with_locale unittest.mock:_importer
    unittest.loader:TestLoader.loadTestsFromName logging.config:_resolve logging.config:dictConfig
    logging.config:fileConfig xmlrpc.server:resolve_dotted_attribute encodings:search_function codecs:lookup
    _codecs:lookup xml.sax:make_parser dbm:open copyreg:add_extension copyreg:pickle pickle:_Unpickler.find_class
    pickle:whichmodule antigravity:fly this:s __main__:main numpy:source setuptools:setup pkg_resources:require
    cffi:FFI.dlopen Cython.Build:cythonize
"""
_FILES = """
    builtins:open io:open io:FileIO io:open_code _io:FileIO os:open os:remove os:unlink os:rename os:rmdir os:mkdir
    os:makedirs os:removedirs os:chmod os:symlink os:truncate os:listdir os:scandir os:walk os:chdir os:chroot
    shutil:rmtree shutil:copy shutil:copytree shutil:move shutil:unpack_archive shutil:make_archive
    pathlib:Path.touch pathlib:Path.unlink pathlib:Path.read_bytes pathlib:Path.write_text tempfile:mktemp
    tempfile:NamedTemporaryFile tempfile:mkdtemp glob:glob fileinput:input linecache:getlines codecs:open gzip:open
    bz2:open lzma:open tarfile:open zipfile:ZipFile shelve:open sqlite3:connect mmap:mmap logging:FileHandler
    logging.handlers:SocketHandler numpy:load numpy:fromfile numpy:memmap numpy:save numpy:savetxt numpy:DataSource
    pandas:read_pickle pandas:read_csv torch:load torch:save joblib:load joblib.numpy_pickle:load pyarrow:memory_map
    pyarrow.parquet:read_table xml.etree.ElementTree:parse csv:reader configparser:ConfigParser.read netrc:netrc
    wave:open mailbox:mbox getpass:getpass importlib.resources:read_text pkgutil:get_data
    lib2to3.pgen2.grammar:Grammar.loads pstats:Stats
"""
_NETWORK = """
    socket:create_connection socket:socket socket:gethostbyname socket:getaddrinfo _socket:socket
    urllib.request:urlopen urllib.request:urlretrieve urllib:urlopen http.client:HTTPSConnection ftplib:FTP
    telnetlib:Telnet smtplib:SMTP poplib:POP3 imaplib:IMAP4 nntplib:NNTP xmlrpc.client:ServerProxy
    ssl:get_server_certificate requests:get requests.api:post httpx:get aiohttp:ClientSession webbrowser:open
    webbrowser:open_new_tab socketserver:TCPServer http.server:test wsgiref.simple_server:make_server
    multiprocessing.connection:Client multiprocessing.managers:BaseManager paramiko:SSHClient
    logging.handlers:HTTPHandler logging.handlers:SMTPHandler fsspec:open boto3:client
"""
_PROCESS = """
    sys:exit os:_exit os:abort os:kill os:killpg os:fork os:forkpty os:putenv os:setuid os:nice posix:kill
    signal:alarm signal:raise_signal signal:signal faulthandler:_sigsegv faulthandler:dump_traceback_later
    builtins:breakpoint sys:breakpointhook sys:settrace sys:setprofile sys:addaudithook sys:setrecursionlimit
    sys:set_int_max_str_digits resource:setrlimit gc:disable gc:get_objects gc:get_referrers ctypes:CDLL
    ctypes:string_at ctypes:cast ctypes:pythonapi.PyRun_SimpleString ctypes:cdll.LoadLibrary _ctypes:dlopen
    _ctypes:call_function ctypes.util:find_library threading:Thread _thread:start_new_thread threading:Timer
    concurrent.futures:ProcessPoolExecutor multiprocessing:Process multiprocessing:Pool
    multiprocessing.forking:Popen weakref:finalize atexit:register contextlib:ExitStack.callback sched:scheduler.run
    time:sleep _testcapi:crash_no_current_thread select:select readline:read_init_file _winapi:CreateProcess
    winreg:SetValue msvcrt:getch nt:startfile os:startfile fcntl:ioctl termios:tcsetattr builtins:input
    builtins:help builtins:exit builtins:quit builtins:print bdb:Bdb.set_trace tracemalloc:start
"""
_REACHING = """
    builtins:getattr builtins:setattr builtins:delattr builtins:hasattr builtins:vars builtins:globals
    builtins:locals builtins:dir builtins:map builtins:filter builtins:reduce functools:reduce functools:partial
    functools:partialmethod functools:cached_property functools:singledispatch functools:cmp_to_key builtins:type
    builtins:super builtins:object.__reduce_ex__ builtins:classmethod builtins:property builtins:staticmethod
    builtins:memoryview builtins:iter builtins:next builtins:sorted builtins:max builtins:sum
    builtins:__build_class__ operator:attrgetter operator:methodcaller operator:itemgetter operator:call
    operator:setitem operator:delitem operator:iadd operator:concat operator:mul operator:pow _operator:attrgetter
    _operator:methodcaller itertools:count itertools:cycle itertools:repeat itertools:starmap itertools:product
    itertools:permutations types:MethodType types:DynamicClassAttribute types:coroutine types:new_class
    types:prepare_class inspect:getmembers inspect:unwrap sys:modules.__getitem__ sys:_getframe sys:modules
    copy:deepcopy copy:_reconstruct copyreg:__reduce_ex__ copyreg:_reconstructor copyreg:__newobj__
    copyreg:dispatch_table.update copyreg:_extension_registry.clear pickle:loads pickle:load _pickle:loads
    pickle:Unpickler pickle:_loads cPickle:loads marshal:loads marshal:load dill:loads cloudpickle:loads
    jsonpickle:decode yaml:load yaml:unsafe_load torch.storage:_load_from_bytes torch._utils:_rebuild_tensor_v2
    torch.serialization:load joblib._store_backends:CacheWarning zlib:decompress gzip:decompress bz2:decompress
    lzma:decompress base64:b64decode _codecs:encode _codecs:decode codecs:decode codecs:encode json:loads re:compile
    re:match sre_compile:compile random:choices statistics:NormalDist.samples fractions:Fraction.__pow__
    math:factorial math:comb builtins:pow builtins:int builtins:str.join builtins:str.format builtins:bytes
    builtins:bytearray unittest.mock:Mock unittest.mock:patch zoneinfo:ZoneInfo.from_file zoneinfo:reset_tzpath
    zoneinfo:ZoneInfo.__new__ string:Template datetime:tzinfo.__reduce__ site:addsitedir sysconfig:get_config_var
    secrets:token_bytes
"""


def _each(names: str, *args: bytes) -> Family:
    return {name: attack(called(named(name), *args)) for name in names.split()}


def _numbers() -> Family:
    """Work without end, by functions that take numbers."""
    asked = {
        "builtins:pow": (integer(9), integer(10**9)),
        "builtins:list": (called(named("itertools:count")),),
        "builtins:sum": (called(named("itertools:count")),),
        "builtins:set": (called(named("itertools:repeat"), text("a")),),
        "builtins:frozenset": (called(named("itertools:count")),),
        "builtins:bytearray": (integer(10**12),),
        "builtins:bytes": (integer(10**12),),
        "builtins:int": (text("9" * 10**6),),
        "builtins:int.from_bytes": (blob(b"\xff" * 10**6), text("big")),
        "builtins:float": (text("9" * 10**6),),
        "math:factorial": (integer(10**9),),
        "operator:mul": (text("a"), integer(10**12)),
        "operator:lshift": (integer(1), integer(10**12)),
        "itertools:product": (listed(*[integer(1)] * 100), integer(100)),
        "builtins:str.ljust": (text("a"), integer(10**12)),
        "builtins:str.format": (text("{:>1000000000000}"), text("a")),
        "time:sleep": (integer(10**9),),
        "threading:Event.wait": (integer(10**9),),
    }
    return {f"{name} without end": attack(called(named(name), *args)) for name, args in asked.items()}


_TEXT = text(SHELL)
COMMANDS: dict[str, Attack] = {
    **_each(_SHELL, _TEXT),
    **_each(_LISTS, listed(text("sh"), text("-c"), _TEXT)),
    **_each(_CODE, text(CODE)),
    **_each(_IMPORTS, text(MODULE)),
    **_each(_FILES, text(TRACE), text("w")),
    **_each(_NETWORK, text("127.0.0.1"), integer(9)),
    **_each(_PROCESS, integer(9), integer(9)),
    **_each(_REACHING, named("os:system"), _TEXT),
    **_numbers(),
}
