"""The tests run with the native threads of the commands: one each.

Set here, before anything loads numpy: with a pool for every core, BLAS threads of test processes side by side fight for the cores, and a
search takes many times as long.
"""

from vinymatic.threads import preset_native_threads

preset_native_threads()
