"""Accounts: a token for a password, and what an account may do."""

from typing import Any

from django.contrib.auth import authenticate
from rest_framework import serializers
from rest_framework.authtoken.models import Token
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import AnonRateThrottle

from rounds import services
from rounds.errors import ErrorKind
from rounds.roles import ROLES

from .base import ApiView
from .docs import documented, invalid_field

TAG = "Accounts"


class LoginThrottle(AnonRateThrottle):
    scope = "login"


class LoginSerializer(serializers.Serializer[Any]):
    username = serializers.CharField(help_text="Or the account's e-mail address.", max_length=254)
    password = serializers.CharField(style={"input_type": "password"}, trim_whitespace=False, max_length=1000)


class TokenSerializer(serializers.Serializer[Any]):
    token = serializers.CharField(help_text="For the header `Authorization: Token …`. It stays valid until revoked.")


class MeSerializer(serializers.Serializer[Any]):
    username = serializers.CharField(allow_null=True, help_text="Null for a guest.")
    guest = serializers.BooleanField(help_text="Without an account: drawings are practice and never counted.")
    roles = serializers.ListField(child=serializers.ChoiceField(ROLES), help_text="What the account may do.")


class TokenView(ApiView):
    authentication_classes = []
    throttle_classes = [LoginThrottle]

    def get_authenticate_header(self, request: Request) -> str:
        return "Token"

    @documented(
        "get_token",
        tag=TAG,
        request=LoginSerializer,
        answers={200: TokenSerializer},
        problems=[
            invalid_field("password", "This field is required.", "required"),
            ErrorKind.WRONG_CREDENTIALS,
        ],
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """The token of an account, made at its first use."""
        login = LoginSerializer(data=request.data)
        login.is_valid(raise_exception=True)
        user = authenticate(request._request, **login.validated_data)
        if user is None:
            raise ErrorKind.WRONG_CREDENTIALS.error()
        return Response({"token": Token.objects.get_or_create(user=user)[0].key})


class MeView(ApiView):
    @documented("get_me", tag=TAG, answers={200: MeSerializer})
    def get(self, request: Request) -> Response:
        """Who the site takes you for, and your roles."""
        user = request.user
        return Response(
            {
                "username": user.get_username() or None,
                "guest": not user.is_authenticated,
                "roles": sorted(services.roles_of(user)),
            }
        )
