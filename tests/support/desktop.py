"""desktop.py DIR [refuse]: a notification daemon on the session's bus, which DBUS_SESSION_BUS_ADDRESS names.

Prints "ready". Each notification becomes a line of DIR/shown.jsonl. "refuse": it answers each with an error.
"""
import json
import sys

import dbus
import dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

DIR, REFUSES = sys.argv[1], "refuse" in sys.argv[2:]
NAME = "org.freedesktop.Notifications"


class Daemon(dbus.service.Object):
    @dbus.service.method(NAME, in_signature="susssasa{sv}i", out_signature="u")
    def Notify(self, app, replaces, icon, summary, body, actions, hints, timeout):
        if REFUSES:
            raise dbus.DBusException("no room", name=NAME + ".Full")
        with open(f"{DIR}/shown.jsonl", "a") as file:
            file.write(json.dumps({"app": app, "summary": summary, "body": body, "actions": list(actions)}) + "\n")
        return dbus.UInt32(1)

    @dbus.service.method(NAME, out_signature="as")
    def GetCapabilities(self):
        return ["body", "body-markup"]

    @dbus.service.method(NAME, out_signature="ssss")
    def GetServerInformation(self):
        return "recorder", "tests", "1", "1.2"


DBusGMainLoop(set_as_default=True)
name = dbus.service.BusName(NAME, dbus.SessionBus(), do_not_queue=True)
daemon = Daemon(name, "/org/freedesktop/Notifications")
print("ready", flush=True)
GLib.MainLoop().run()
