"""A web application that has served some requests: Django's or Flask's, over HTTP, with a database."""

import http.client
import json
import sqlite3
import sys
import threading
import wsgiref.simple_server

import telling

REQUESTS = 40


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *unused):
        pass


def django_application():
    import django
    from django.conf import settings
    from django.core.cache import cache
    from django.http import HttpResponse, JsonResponse
    from django.template import engines
    from django.urls import path

    page = "<ul>{% for item in items %}<li>{{ item.0 }}: {{ item.1|upper }}</li>{% endfor %}</ul>"

    def basket(request, number):
        seen = cache.get("seen", [])
        cache.set("seen", seen + [number])
        return JsonResponse({"number": number, "seen": len(seen), "items": [number] * 3})

    def listed(request):
        items = [(n, "item %d" % n) for n in range(20)]
        return HttpResponse(engines["django"].from_string(page).render({"items": items}, request))

    class Logged:
        def __init__(self, get_response):
            self.get_response = get_response
            self.paths = []

        def __call__(self, request):
            self.paths.append(request.path)
            return self.get_response(request)

    urls = type(sys)("shop_urls")
    urls.urlpatterns = [path("basket/<int:number>", basket), path("items", listed)]
    urls.Logged = Logged
    sys.modules["shop_urls"] = urls
    settings.configure(
        DEBUG=False, SECRET_KEY="not one", ALLOWED_HOSTS=["*"], ROOT_URLCONF="shop_urls",
        USE_TZ=True, INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
        MIDDLEWARE=["shop_urls.Logged", "django.middleware.common.CommonMiddleware"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}])
    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application
    call_command("migrate", verbosity=0)
    for number in range(5):
        User.objects.create(username="user %d" % number, email="user@example.org")
    return get_wsgi_application(), list(User.objects.filter(username__startswith="user"))


def flask_application():
    import flask

    application = flask.Flask("shop")
    baskets = {}

    @application.route("/basket/<int:number>")
    def basket(number):
        baskets.setdefault(number, []).append(flask.request.user_agent.string)
        return flask.jsonify({"number": number, "seen": len(baskets)})

    @application.route("/items")
    def listed():
        return flask.render_template_string(
            "<ul>{% for item in items %}<li>{{ item|upper }}</li>{% endfor %}</ul>",
            items=["item %d" % n for n in range(20)])

    return application, baskets


def main():
    framework, = sys.argv[1:]
    make = {"django": django_application, "flask": flask_application}[framework]
    application, kept = make()
    server = wsgiref.simple_server.make_server("127.0.0.1", 0, application, handler_class=Quiet)
    threading.Thread(target=server.serve_forever, name="server", daemon=True).start()
    database = sqlite3.connect(":memory:")
    database.execute("create table answers (number integer, text)")
    for number in range(REQUESTS):
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
        connection.request("GET", "/items" if number % 4 == 0 else "/basket/%d" % (number % 7))
        answer = connection.getresponse()
        text = answer.read().decode()
        assert answer.status == 200, (answer.status, text)
        if number % 4:
            assert json.loads(text)["number"] == number % 7
        database.execute("insert into answers values (?, ?)", (number, text))
        connection.close()
    server.shutdown()
    telling.tell_and_stay(server, kept, database)
